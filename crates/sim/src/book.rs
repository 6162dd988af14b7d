//! The books of a simulated warehouse: drawn from the seed slot by slot, so that they need no memory.

use std::sync::Arc;

use pandian_domain::book::Book;
use pandian_domain::{BookLine, Epc, Layout, LocationCode};
use rust_decimal::Decimal;

use crate::seed::{Draw, Seed};
use crate::sscc::Sscc;

/// Company prefix of the units that the books know.
const OWN: u32 = 6_901_234;
/// Company prefix of the units that nobody booked.
const FOREIGN: u32 = 6_999_999;
/// Room for units per slot in the serial numbers.
pub(crate) const UNITS_LIMIT: u8 = 8;
const ARTICLES: u64 = 400;
/// Serial numbers of labels without a unit: the upper half, which units do not come up to.
const UNKNOWN_SERIALS: std::ops::Range<u64> = 5_000_000_000..10_000_000_000;

/// What the books of a simulated warehouse say. Every answer is computed from the seed when it is asked for.
#[derive(Debug)]
pub struct SimBook {
    layout: Arc<Layout>,
    seed: Seed,
    fill: f64,
    max_units: u8,
    articles: Vec<Article>,
    piece: Arc<str>,
    source: Arc<str>,
}

#[derive(Debug)]
struct Article {
    name: Arc<str>,
    price: Decimal,
}

impl SimBook {
    pub(crate) fn new(layout: Arc<Layout>, seed: Seed, fill: f64, max_units: u8) -> Self {
        let article = |number| Article {
            name: format!("SKU-{:05}", 10_000 + 7 * number).into(),
            price: Decimal::new(199 + seed.below(Draw::Price, number, 49_800) as i64, 2),
        };
        Self {
            layout,
            seed,
            fill,
            max_units,
            articles: (0..ARTICLES).map(article).collect(),
            piece: "pcs".into(),
            source: format!("simulation, seed {}", seed.0).into(),
        }
    }

    /// What is booked at the location of that index in the layout.
    pub(crate) fn lines_at(&self, slot: u32) -> Vec<BookLine> {
        (0..self.units(slot)).map(|unit| self.line(slot, unit)).collect()
    }

    /// A unit that nobody booked, one for each slot.
    pub(crate) fn foreign_unit(&self, slot: u32) -> BookLine {
        self.drawn(Sscc { prefix: FOREIGN, serial: serial(slot, 0) }, u64::from(slot) | 1 << 40)
    }

    /// A label that belongs to no unit at all; another one for every number.
    pub(crate) fn unknown_label(&self, of: u64) -> Arc<str> {
        let serial = UNKNOWN_SERIALS.start + self.seed.below(Draw::OtherLabel, of, UNKNOWN_SERIALS.end - UNKNOWN_SERIALS.start);
        Sscc { prefix: FOREIGN, serial }.label().into()
    }

    fn units(&self, slot: u32) -> u8 {
        if self.seed.fraction(Draw::Filled, slot.into()) >= self.fill {
            return 0;
        }
        1 + self.seed.below(Draw::UnitCount, slot.into(), self.max_units.into()) as u8
    }

    fn line(&self, slot: u32, unit: u8) -> BookLine {
        let serial = serial(slot, unit);
        self.drawn(Sscc { prefix: OWN, serial }, serial)
    }

    fn drawn(&self, sscc: Sscc, of: u64) -> BookLine {
        let article = &self.articles[self.seed.below(Draw::Article, of, ARTICLES) as usize];
        BookLine {
            item: article.name.clone(),
            handling_unit: Some(sscc.label().into()),
            epc: Epc::from_hex(&sscc.epc()).ok(),
            quantity: Decimal::from(1 + self.seed.below(Draw::Quantity, of, 60)),
            unit: Some(self.piece.clone()),
            price: Some(article.price),
        }
    }
}

fn serial(slot: u32, unit: u8) -> u64 {
    u64::from(slot) * u64::from(UNITS_LIMIT) + u64::from(unit)
}

impl Book for SimBook {
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>> {
        self.layout.index_of(location.as_str()).map(|slot| self.lines_at(slot))
    }

    fn whereabouts(&self, code: &str) -> Option<(LocationCode, BookLine)> {
        let sscc = Sscc::parse(code).filter(|sscc| sscc.prefix == OWN)?;
        let slot = u32::try_from(sscc.serial / u64::from(UNITS_LIMIT)).ok()?;
        let unit = (sscc.serial % u64::from(UNITS_LIMIT)) as u8;
        let code = self.layout.slots().get(slot as usize)?.code.clone();
        (unit < self.units(slot)).then(|| (code, self.line(slot, unit)))
    }

    fn source(&self) -> Arc<str> {
        self.source.clone()
    }
}
