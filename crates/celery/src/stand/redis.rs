//! A private Redis.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::port::{Port, answer, is_listening};
use super::process::{Process, until};

/// How long it may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a [`Redis`] is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RedisOptions {
    /// The password that clients need, without spaces and characters that URLs escape.
    pub password: Option<&'static str>,
    /// Whether what it holds is on disk at once, and so survives its end.
    pub is_persistent: bool,
}

/// A result backend with a directory of its own. It listens on loopback only.
#[derive(Debug)]
pub struct Redis {
    // Dropped before the directory.
    server: Option<Process>,
    port: Port,
    options: RedisOptions,
    directory: TempDir,
}

impl Redis {
    /// Starts it without a password and without persistence, and waits until it answers.
    pub async fn start() -> Self {
        Self::start_with(RedisOptions::default()).await
    }

    /// Starts it as wanted, and waits until it answers.
    pub async fn start_with(options: RedisOptions) -> Self {
        let directory = tempfile::Builder::new().prefix("pandian-redis-").tempdir();
        let directory = directory.unwrap_or_else(|error| panic!("no directory for Redis: {error}"));
        let mut redis = Self { server: None, port: Port::free(), options, directory };
        redis.restart().await;
        redis
    }

    /// The address of its database 0, for clients and workers.
    pub fn url(&self) -> String {
        let user = self.options.password.map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{user}127.0.0.1:{}/0", self.port())
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Asks it to end (SIGTERM), and waits for that.
    pub async fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.stop(PATIENCE).await;
        }
        self.is_gone().await;
    }

    /// Kills it (SIGKILL).
    pub async fn kill(&mut self) {
        self.server = None;
        self.is_gone().await;
    }

    /// Starts it again at the same port, with what it has kept if it is persistent; stops it first if it runs.
    pub async fn restart(&mut self) {
        self.stop().await;
        let mut server = Process::start("redis", self.directory.path(), &self.command());
        let is_ready = |said: Vec<u8>| said.starts_with(b"+PONG") || said.starts_with(b"-NOAUTH");
        server.ready(PATIENCE, async |_| answer(self.port(), b"PING\r\n").await.is_some_and(is_ready)).await;
        self.server = Some(server);
    }

    /// What it has printed since it was started; nothing while it does not run.
    pub fn log(&self) -> String {
        self.server.as_ref().map_or_else(String::new, Process::log)
    }

    async fn is_gone(&self) {
        until("Redis lets its port go", PATIENCE, async || !is_listening(self.port()).await).await;
    }

    fn command(&self) -> Command {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &self.port().to_string(), "--save", "", "--daemonize", "no"]);
        command.arg("--dir").arg(self.directory.path());
        if self.options.is_persistent {
            command.args(["--appendonly", "yes", "--appendfsync", "always"]);
        }
        if let Some(password) = self.options.password {
            command.args(["--requirepass", password]);
        }
        command
    }
}
