//! The `[attribution]` table: whose tags are heard.

use pandian_domain::attribution::AttributionRules;
use pandian_domain::docket::DocketRules;
use schemars::JsonSchema;
use serde::Deserialize;

use super::document::{Document, Path};

/// Of which devices something is worked out here that others may tell themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Apply {
    /// Of those that do not tell it.
    #[default]
    Auto,
    /// Of all.
    Always,
    /// Of none.
    Never,
}

/// Whose tags are heard: the location's own or a neighbour's.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributionTable {
    /// Which readers' tags are attributed: `auto` those of readers that tell every tag they hear, `always` those of all readers, `never`
    /// none, so that every tag counts where it was heard.
    apply: Option<Apply>,
    /// From which probability on a tag is taken to lie in a location, above 0.5 and below 1.
    accept: Option<f64>,
    /// How likely a tag lies where the books have it, before anything is heard, above 0 and below 1.
    book_prior: Option<f64>,
    /// How many stops at neighbours there may be, as a share of the locations to be counted; 0: none.
    listen_budget: Option<f64>,
}

/// How tags are attributed to locations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attribution {
    /// Which readers' tags.
    pub apply: Apply,
    /// How locations are judged then.
    pub rules: DocketRules,
}

pub(super) fn read(document: &mut Document<'_>, table: AttributionTable) -> Attribution {
    let usual = DocketRules::default();
    let mut share = |key: &str, value: Option<f64>, usual: f64, fits: fn(f64) -> bool, wanted: &str| {
        let value = value.unwrap_or(usual);
        if !fits(value) {
            document.problem(&Path::of("attribution").key(key), format!("{value} is not {wanted}"));
        }
        value
    };
    let accept = share("accept", table.accept, usual.attribution.accept, |p| p > 0.5 && p < 1.0, "a probability above 0.5 and below 1");
    let inner = |p: f64| p > 0.0 && p < 1.0;
    let book_prior = share("book_prior", table.book_prior, usual.attribution.book_prior, inner, "a probability above 0 and below 1");
    let budget = |p: f64| (0.0..=10.0).contains(&p);
    let listen_budget = share("listen_budget", table.listen_budget, usual.listen_budget, budget, "a share from 0 to 10");
    let rules = DocketRules { attribution: AttributionRules { accept, book_prior }, listen_budget };
    Attribution { apply: table.apply.unwrap_or_default(), rules }
}
