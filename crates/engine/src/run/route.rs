//! Planning while a stocktake runs: the whole of it when it begins, a queue again when it changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pandian_domain::lane::QueueIndex;
use pandian_domain::plan::{self, Plan};
use pandian_domain::route::Effort;
use pandian_domain::stocktake::{Replan, Stocktake};

use super::Shared;
use crate::site::Site;

/// The same seed as `pandian plan` has, so that what it shows from the same kinematics is what is followed.
pub const SEED: u64 = 0;
/// Of a queue that changed: its crane waits for it.
const REPLAN_WITHIN: Duration = Duration::from_millis(3);

/// Plans what waits, and gives every queue its order. Off the event loop: it computes.
pub(super) async fn plan_all(site: &Arc<Site>, stocktake: &mut Stocktake) {
    let (cranes, slots) = stocktake.to_plan();
    let planning = {
        let site = site.clone();
        move || plan::plan(&site.layout, &site.paces, &cranes, &slots, SEED, &mut Effort::kicks(u64::MAX))
    };
    let planned: Plan = match tokio::task::spawn_blocking(planning).await {
        Ok(plan) => plan,
        // The given order is as good as none.
        Err(error) => {
            tracing::error!(%error, "planning failed; the given order is kept");
            return;
        }
    };
    stocktake.follow(&planned, &routed(site));
}

/// Plans queues anew when they need it, until the run is over. Their cranes wait that long.
pub(super) async fn replanner(shared: Arc<Shared>) {
    while !shared.over.is_cancelled() {
        let stale = shared.stocktake().to_replan();
        for replan in &stale {
            let order = replanned(&shared.site, replan.clone()).await;
            shared.stocktake().rearrange(replan, &order);
        }
        if stale.is_empty() {
            tokio::select! {
                () = shared.replan.notified() => {}
                () = shared.over.cancelled() => {}
            }
        } else {
            shared.wake();
        }
    }
}

async fn replanned(site: &Arc<Site>, replan: Replan) -> Vec<u32> {
    let kept = replan.waiting.clone();
    let site = site.clone();
    let planning = move || {
        let begun = Instant::now();
        let mut time_left = || begun.elapsed() < REPLAN_WITHIN;
        let mut effort = Effort::kicks(u64::MAX).while_time(&mut time_left);
        plan::replan(&site.layout, &site.paces, replan.crane, &replan.waiting, SEED, &mut effort)
    };
    tokio::task::spawn_blocking(planning).await.unwrap_or(kept)
}

/// The queues whose cranes' ways can be planned.
fn routed(site: &Site) -> Vec<QueueIndex> {
    let known = |queue: &QueueIndex| site.paces.get(*queue as usize).is_some_and(Option::is_some);
    (0..site.layout.queues().len() as QueueIndex).filter(known).collect()
}
