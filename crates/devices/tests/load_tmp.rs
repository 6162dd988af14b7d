use pandian_devices::suite::visit;
use pandian_domain::OpKind;
use std::time::Instant;
#[path = "drivers/ground.rs"]
#[allow(dead_code)]
mod ground;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn rss() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("VmRSS"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
#[test]
fn load() {
    let threads: usize = std::env::var("THREADS").unwrap().parse().unwrap();
    let cranes: usize = std::env::var("CRANES").unwrap().parse().unwrap();
    let per: usize = std::env::var("PER").unwrap().parse().unwrap();
    let rt = if threads == 0 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
    }
    .unwrap();
    rt.block_on(async {
        let crane = ground::crane("http", "{ url = \"http://127.0.0.1:18999/go\" }", &ground::context(".".as_ref()));
        let before = rss();
        let (c0, t0) = (cpu(), Instant::now());
        let tasks: Vec<_> = (0..cranes)
            .map(|_| {
                let crane = crane.clone();
                tokio::spawn(async move {
                    let v = visit(OpKind::Goto, "1号", 1, 1);
                    for _ in 0..per {
                        crane.go_to(&v).await.unwrap();
                    }
                })
            })
            .collect();
        for t in tasks {
            t.await.unwrap();
        }
        let (c, t) = (cpu() - c0, t0.elapsed().as_secs_f64());
        let n = (cranes * per) as f64;
        println!("threads {threads} cranes {cranes}: {:.0}/s, {:.1} us cpu each, rss {} -> {} KiB", n / t, c / n * 1e6, before, rss());
    });
}
