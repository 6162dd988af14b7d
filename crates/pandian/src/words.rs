//! The words for people, in both languages: a missing one does not compile.

#![allow(missing_docs, reason = "the words are their own description")]

use pandian_domain::reference::Standing;
use pandian_domain::verdict::{Judgement, Reason, Verdict};
use pandian_engine::site::Release;
use pandian_sim::SceneTruth;

use crate::cli::LangArg;
use crate::commands::{Outcome, Pictures};

mod en;
mod zh;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// English
    En,
    /// 中文
    Zh,
}

impl Lang {
    /// The language asked for, or the locale's: Chinese where it begins with `zh`.
    pub fn choose(asked: Option<LangArg>) -> Self {
        match asked {
            Some(LangArg::En) => Self::En,
            Some(LangArg::Zh) => Self::Zh,
            None => {
                let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
                if locale.is_some_and(|value| value.to_string_lossy().starts_with("zh")) { Self::Zh } else { Self::En }
            }
        }
    }

    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Zh => &zh::WORDS,
        }
    }
}

/// Everything the command line says to people.
pub struct Words {
    pub error: &'static str,
    pub explain_hint: fn(&str) -> String,
    pub verdict: fn(Verdict) -> &'static str,
    pub reason: fn(Reason) -> &'static str,
    pub stocktake: &'static str,
    pub warehouse: &'static str,
    pub location: &'static str,
    pub locations: &'static str,
    pub crane: &'static str,
    pub book: &'static str,
    pub counted: &'static str,
    pub tags: &'static str,
    pub belongs_at: fn(&str) -> String,
    /// A tag, and the location where it lies though nobody asked for a count there.
    pub traced: fn(&str, &str) -> String,
    /// Where something that is missing here was found.
    pub found_at: fn(&str) -> String,
    pub started: &'static str,
    pub finished: &'static str,
    pub not_finished: &'static str,
    pub cancelled: &'static str,
    pub head: &'static str,
    pub requested: &'static str,
    pub left: &'static str,
    pub agreements: &'static str,
    pub differences: &'static str,
    pub ambiguous: &'static str,
    pub not_counted: &'static str,
    pub nothing_differs: &'static str,
    pub and_more: fn(usize) -> String,
    pub more_lanes: fn(usize) -> String,
    pub makespan: fn(f64, f64) -> String,
    pub counting: fn(u64, usize) -> String,
    pub resuming: fn(u64) -> String,
    pub already_finished: &'static str,
    pub interrupted: fn(&str) -> String,
    pub resume_with: fn(&str, &str) -> String,
    pub serve_devices: fn(&str) -> String,
    pub configuration_changed: &'static str,
    pub stalled: fn(&str) -> String,
    pub mended: &'static str,
    pub operation_failed: fn(&str, &str, &str) -> String,
    pub lane_out: fn(&str, &str) -> String,
    pub lane_in: fn(&str) -> String,
    pub paused: &'static str,
    pub eta: &'static str,
    pub idle: &'static str,
    pub out_of_work: &'static str,
    pub lent: &'static str,
    pub waited: fn(&str, u64, f64) -> String,
    pub waiting: &'static str,
    pub done: &'static str,
    pub running: &'static str,
    pub no_stocktakes: fn(&str) -> String,
    pub config_good: fn(&str, usize, usize) -> String,
    pub imported: fn(u64, &str) -> String,
    /// What became of a reference.
    pub standing: fn(Standing) -> &'static str,
    pub book_used: fn(&str) -> String,
    pub verified: fn(u64, u64) -> String,
    pub chain_broken: &'static str,
    pub head_found: fn(u64) -> String,
    pub note: &'static str,
    pub devices_good: &'static str,
    pub devices_bad: fn(usize) -> String,
    pub what_to_do: fn(&str) -> String,
    pub serving: &'static str,
    pub stop_with_ctrl_c: &'static str,
    pub demo_title: fn(u16, usize, f64) -> String,
    pub planted: &'static str,
    pub found: &'static str,
    /// What a camera has to do with at a location, behind its line; nothing where all is as usual.
    pub to_be_seen: fn(&SceneTruth) -> &'static str,
    pub demo_outcome: fn(&Outcome) -> String,
    pub pictures: fn(&Pictures) -> String,
    pub references_taken: fn(usize, usize) -> String,
    pub demo_next: fn(&str) -> String,
    pub listen: ListenWords,
    pub plan: PlanWords,
    pub vision: VisionWords,
}

/// What is said of tags as they are heard.
pub struct ListenWords {
    pub listening: fn(&str) -> String,
    pub antenna: &'static str,
    pub reads: &'static str,
    pub rate: &'static str,
    pub last: &'static str,
    pub ago: fn(f64) -> String,
    pub heard: fn(usize, u64) -> String,
    pub heard_more: fn(usize, u64) -> String,
    pub lost: fn(u64) -> String,
}

/// What is said of a plan.
pub struct PlanWords {
    pub title: fn(&str, usize, &str, u64) -> String,
    pub stops: &'static str,
    pub visits: &'static str,
    pub travel: &'static str,
    pub standing: &'static str,
    pub free_after: &'static str,
    pub bound: &'static str,
    pub gap: &'static str,
    pub optimal: &'static str,
    pub all: &'static str,
    pub done: fn(&str) -> String,
    pub kept_opaque: fn(&str) -> String,
    pub kept_dispatched: fn(&str) -> String,
    pub partly_opaque: fn(&str, usize) -> String,
    pub moves_as_learnt: fn(&str, usize, &str, &str) -> String,
    pub moves_as_configured: fn(&str, usize, &str, &str) -> String,
    pub nothing_learnt: fn(&str) -> String,
    pub rule: &'static str,
    pub as_given: &'static str,
    pub sorted: &'static str,
    pub routed: &'static str,
    pub released: &'static str,
    pub release: fn(Release) -> &'static str,
    pub sooner: &'static str,
    pub left_out: fn(usize) -> String,
    pub picture: fn(&str) -> String,
    pub stops_here: fn(usize) -> String,
    pub time_unknown: &'static str,
    pub nothing_to_draw: &'static str,
    pub left_side: &'static str,
    pub right_side: &'static str,
    pub begins_here: &'static str,
    pub first: &'static str,
    pub last: &'static str,
}

/// What is said of pictures.
pub struct VisionWords {
    pub no_code: &'static str,
    /// Behind a code that may be misread.
    pub unsure: &'static str,
    pub occupancy: &'static str,
    pub labels: &'static str,
    pub change: &'static str,
    /// Brightness, contrast, sharpness.
    pub fitness: &'static str,
    /// A difference mask was asked for, and the picture could not be laid on a reference.
    pub no_mask: &'static str,
    /// Above what a detector found, of which there is so much.
    pub objects: fn(usize) -> String,
    pub objects_cut: &'static str,
    pub no_text: &'static str,
    pub lines_left: fn(usize) -> String,
    /// The columns of the table of photos.
    pub bench_columns: [&'static str; 11],
}

impl Words {
    /// Where what was found belongs, and where what is missing was found, in brackets; nothing where neither is known.
    pub fn partners(&self, judgement: &Judgement) -> String {
        let belongs = judgement.belongs_at.as_ref().map(|place| (self.belongs_at)(place.as_str()));
        let found = judgement.found_at.as_ref().map(|place| (self.found_at)(place.as_str()));
        let partners: Vec<String> = belongs.into_iter().chain(found).collect();
        if partners.is_empty() { String::new() } else { format!(" ({})", partners.join(", ")) }
    }
}
