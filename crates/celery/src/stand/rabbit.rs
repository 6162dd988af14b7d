//! A private RabbitMQ.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::port::{Port, answer, is_listening};
use super::process::{Process, until};

/// The server itself on Debian, where the one in the path is a wrapper that changes to another user.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// How long it may take to start.
const START: Duration = Duration::from_secs(90);
/// How long it may take to end.
const STOP: Duration = Duration::from_secs(30);

/// A broker with an Erlang name server, a cookie and a directory of its own. It listens on loopback only and has no plugins.
#[derive(Debug)]
pub struct Rabbit {
    // Fields are dropped in this order: the broker before its name server, the directory last.
    node: Option<Process>,
    _names: Process,
    amqp: Port,
    distribution: Port,
    epmd: Port,
    directory: TempDir,
}

impl Rabbit {
    /// Starts it, and waits until it takes connections.
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("pandian-rabbit-").tempdir();
        let directory = directory.unwrap_or_else(|error| panic!("no directory for RabbitMQ: {error}"));
        let write = |name: &str, text: &str| {
            fs::write(directory.path().join(name), text).unwrap_or_else(|error| panic!("{name} of RabbitMQ: {error}"));
        };
        write("enabled_plugins", "[].\n");
        write("env.conf", "");
        write("rabbitmq.conf", "log.file.level = warning\n");
        let (amqp, distribution, epmd) = (Port::free(), Port::free(), Port::free());
        // Erlang would start its name server as a daemon that outlives the broker. It finds this one instead.
        let mut command = Command::new("epmd");
        erlang(&mut command, &epmd);
        let mut names = Process::start("epmd", directory.path(), &command);
        names.ready(START, async |_| is_listening(epmd.number()).await).await;
        let mut rabbit = Self { node: None, _names: names, amqp, distribution, epmd, directory };
        rabbit.restart().await;
        rabbit
    }

    /// Its address, for clients and workers.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}//", self.port())
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.amqp.number()
    }

    /// Asks it to end (SIGTERM), and waits for that.
    pub async fn stop(&mut self) {
        if let Some(mut node) = self.node.take() {
            node.stop(STOP).await;
        }
        self.is_gone().await;
    }

    /// Kills it (SIGKILL).
    pub async fn kill(&mut self) {
        self.node = None;
        self.is_gone().await;
    }

    /// Starts it again with what it has kept, at the same port; stops it first if it runs.
    pub async fn restart(&mut self) {
        self.stop().await;
        let mut node = Process::start("rabbitmq", self.directory.path(), &self.command());
        // The broker's first word to this greeting is the method connection.start.
        node.ready(START, async |_| answer(self.port(), b"AMQP\x00\x00\x09\x01").await.is_some_and(|said| said[0] == 1)).await;
        self.node = Some(node);
    }

    /// What it has printed since it was started; nothing while it does not run.
    pub fn log(&self) -> String {
        self.node.as_ref().map_or_else(String::new, Process::log)
    }

    async fn is_gone(&self) {
        until("RabbitMQ lets its port go", STOP, async || !is_listening(self.port()).await).await;
    }

    fn command(&self) -> Command {
        let home = self.directory.path();
        let mut command = Command::new(if Path::new(SERVER).exists() { SERVER } else { "rabbitmq-server" });
        erlang(&mut command, &self.epmd);
        let place = |name: &str| home.join(name).into_os_string();
        let text = |text: String| OsStr::new(&text).to_owned();
        command.envs([
            ("HOME", home.as_os_str().to_owned()), // for the cookie
            ("RABBITMQ_NODENAME", text(format!("stand{}@localhost", self.port()))),
            ("RABBITMQ_NODE_IP_ADDRESS", text("127.0.0.1".to_owned())),
            ("RABBITMQ_NODE_PORT", text(self.port().to_string())),
            ("RABBITMQ_DIST_PORT", text(self.distribution.number().to_string())),
            // Without the second part, Erlang's idle schedulers spin for a while, which others here would pay for.
            (
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                text("-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none".to_owned()),
            ),
            ("RABBITMQ_CONF_ENV_FILE", place("env.conf")),
            ("RABBITMQ_CONFIG_FILE", place("rabbitmq.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", place("enabled_plugins")),
            ("RABBITMQ_MNESIA_BASE", place("mnesia")),
            ("RABBITMQ_LOG_BASE", place("log")),
            ("RABBITMQ_PID_FILE", place("node.pid")),
        ]);
        command
    }
}

fn erlang(command: &mut Command, epmd: &Port) {
    command.env("ERL_EPMD_ADDRESS", "127.0.0.1").env("ERL_EPMD_PORT", epmd.number().to_string());
}
