//! `pandian devices`: what it finds out about servers and workers, and what it says to do.

use pandian_celery::stand::{Proxy, Workers};
use serde_json::Value;

use super::ground::{Draft, Ground, servers};
use super::program::{self, Ended};

/// Tries the devices of a warehouse: how it ended, and what was found of reader and camera.
fn tried(ground: &Ground) -> (Ended, [Value; 2]) {
    let ended = program::run(["devices", "--json", ground.folder().to_str().unwrap()]);
    let found = ["reader", "camera"].map(|role| ended.events().into_iter().find(|line| line["device"] == role).unwrap());
    (ended, found)
}

/// Tries them, makes sure that the reader has this fault, and that it is told with what to do. Gives what is said of it.
fn bad(ground: &Ground, code: &str) -> String {
    let (ended, [reader, _]) = tried(ground);
    assert_eq!((ended.code(), &reader["code"]), (Some(5), &code.into()), "{ended:?}");
    let shown = program::run(["devices", ground.folder().to_str().unwrap()]);
    // Other tests' workers come and go between the two, and what is said of them.
    let line = shown.lines.iter().position(|line| line.contains("✗") && line.contains(" reader ") && line.ends_with(&format!("[{code}]")));
    let line = line.unwrap_or_else(|| panic!("no {code}: {shown:?}"));
    assert!(shown.lines[line + 1].trim_start().len() > 10, "nothing says what to do: {shown:?}");
    println!("{}\n{}", shown.lines[line], shown.lines[line + 1]);
    reader["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn servers_workers_and_tasks_are_tried_and_it_is_said_what_to_do() {
    let servers = servers().await;
    let (broker, backend) = (servers.rabbit.url(), servers.redis.url());
    let ground = Draft::new("tried", &broker, &backend).write();
    assert!(bad(&ground, "celery-no-worker").contains("celery -A YOUR_APP worker -Q tried-rfid"));

    let worker = Workers::start(&ground.worker("only")).await;
    let (ended, [reader, camera]) = tried(&ground);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    for (device, task) in [(&reader, "rfid"), (&camera, "capture")] {
        let told = device["message"].as_str().unwrap();
        println!("{told}");
        assert!(told.contains(&format!("task {task} on queue tried-{task}: tried-only@localhost listens")), "{told}");
    }

    // A port that nobody listens at.
    let nowhere = Proxy::to(1);
    nowhere.cut();
    let elsewhere = |reached: [String; 2]| Draft { reached, ..Draft::new("tried", &broker, &backend) }.write();
    let no_broker = elsewhere([nowhere.instead_of(servers.rabbit.port(), &broker), backend.clone()]);
    assert!(bad(&no_broker, "device-unreachable").contains(&format!("the broker at amqp://127.0.0.1:{}//", nowhere.port())));
    let no_backend = elsewhere([broker.clone(), nowhere.instead_of(servers.redis.port(), &backend)]);
    assert!(bad(&no_backend, "device-unreachable").contains(&format!("the result backend at redis://127.0.0.1:{}/0", nowhere.port())));

    let ground = Draft::new("tried", &broker, &backend);
    let reader = ground.device("rfid").replace("task = \"rfid\"", "task = \"rfdi\"");
    let table = format!(
        "[[crane]]\nid = \"C1\"\nlocations = [\"A01\"]\ndevice = {{ kind = \"sim\" }}\nreader = {{ {reader} }}\n\
         camera = {{ {} }}\n",
        ground.device("capture")
    );
    let mistyped = ground.write_with(vec!["A01".to_owned()], &table);
    let told = bad(&mistyped, "celery-task-unknown");
    assert!(told.contains("\"rfdi\"") && told.contains("rfid"), "{told}");
    worker.stop().await;
    assert!(bad(&mistyped, "celery-no-worker").contains("the queue has no consumer"));
}
