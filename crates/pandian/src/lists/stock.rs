//! Book stock from a table.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use pandian_domain::book::Book;
use pandian_domain::observation::unit_named;
use pandian_domain::{BookLine, Code, Epc, Layout, LocationCode};
use rust_decimal::Decimal;

use super::locations::unknown_location;
use super::near::shown;
use super::problem::{ListError, Problems};
use super::source::ListFile;
use super::table::{Cells, Column, read_table};

const LOCATION: usize = 0;
const ITEM: usize = 1;
const HANDLING_UNIT: usize = 2;
const EPC: usize = 3;
const QUANTITY: usize = 4;
const UNIT: usize = 5;
const PRICE: usize = 6;

const COLUMNS: &[Column] = &[
    Column { names: &["location", "货位号", "货位", "location_code"], required: true },
    Column { names: &["item", "物料", "物料号", "物料编码", "sku"], required: true },
    Column { names: &["handling_unit", "托盘", "托盘号", "容器", "容器号", "托盘/容器", "hu"], required: false },
    Column { names: &["epc"], required: false },
    Column { names: &["quantity", "数量"], required: true },
    Column { names: &["unit", "单位"], required: false },
    Column { names: &["price", "单价"], required: false },
];

/// Longest text of an item, handling unit or unit, in bytes.
const LONGEST_TEXT: usize = 200;

/// The books as a table had them: kept compactly, a million lines in about 100 MB.
///
/// A location of the warehouse without a line is booked empty; the books know nothing of codes that the warehouse does not have.
#[derive(Debug)]
pub struct ListBook {
    source: Arc<str>,
    layout: Arc<Layout>,
    /// Sorted by location.
    lines: Vec<Line>,
    /// EPCs and handling units, one behind the other.
    texts: String,
    /// Items and units of measure.
    names: Vec<Arc<str>>,
    /// Lines with an EPC, sorted by it.
    by_epc: Vec<u32>,
    /// Lines with a handling unit, sorted by it.
    by_handling_unit: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    location: u32,
    file_line: u32,
    item: u32,
    unit: Option<NameIndex>,
    handling_unit: Span,
    epc: Span,
    quantity: Decimal,
    price: Option<Decimal>,
}

type NameIndex = std::num::NonZeroU32;

/// A part of `texts`; empty where the line has none.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    length: u8,
}

/// Reads book stock: `location,item,handling_unit,epc,quantity,unit,price`, of which `location`, `item` and `quantity` must be there.
/// A row with a location and nothing else books it empty.
///
/// # Errors
/// What [`ListFile`] cannot read, unknown locations, wrong cells, an EPC or a handling unit that is booked at two locations.
pub fn read_stock(file: &ListFile, layout: &Arc<Layout>) -> Result<ListBook, ListError> {
    let mut reading = Reading { lines: Vec::new(), texts: String::new(), names: vec![Arc::from("")], by_name: HashMap::new() };
    read_table(file, COLUMNS, false, |cells, problems| {
        let line = cells.line();
        let Some(location) = layout.index_of(cells.get(LOCATION)) else {
            problems.add(Code::LocationUnknown, line, |nth| unknown_location(cells.get(LOCATION), layout, nth));
            return;
        };
        if let Err(message) = reading.take(location, cells) {
            problems.invalid(line, message);
        }
    })?;
    reading.finish(file, layout)
}

struct Reading {
    lines: Vec<Line>,
    texts: String,
    names: Vec<Arc<str>>,
    by_name: HashMap<Arc<str>, u32>,
}

impl Reading {
    fn take(&mut self, location: u32, cells: &Cells<'_>) -> Result<(), String> {
        if (ITEM..=PRICE).all(|column| cells.get(column).trim().is_empty()) {
            return Ok(());
        }
        for (column, name) in [(ITEM, "item"), (HANDLING_UNIT, "handling_unit"), (UNIT, "unit")] {
            let text = cells.get(column);
            if text.len() > LONGEST_TEXT {
                return Err(format!("{name} \"{}\" is {} bytes long; at most {LONGEST_TEXT} are allowed", shown(text), text.len()));
            }
        }
        if cells.get(ITEM).trim().is_empty() {
            return Err("the item is missing".to_owned());
        }
        let quantity = decimal(cells.get(QUANTITY), "quantity")?;
        let price = match cells.get(PRICE) {
            "" => None,
            price => Some(decimal(price, "price")?),
        };
        let epc = match cells.get(EPC) {
            "" => None,
            epc => Some(Epc::from_hex(epc).map_err(|error| error.to_string())?),
        };
        let line = Line {
            location,
            file_line: u32::try_from(cells.line()).unwrap_or(u32::MAX),
            item: self.name(cells.get(ITEM)),
            unit: NameIndex::new(self.name(cells.get(UNIT))),
            handling_unit: self.text(cells.get(HANDLING_UNIT)),
            epc: epc.map_or_else(Span::default, |epc| self.text(epc.as_str())),
            quantity,
            price,
        };
        self.lines.push(line);
        Ok(())
    }

    fn name(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return 0;
        }
        if let Some(index) = self.by_name.get(name) {
            return *index;
        }
        let (name, index) = (Arc::<str>::from(name), self.names.len() as u32);
        self.names.push(Arc::clone(&name));
        self.by_name.insert(name, index);
        index
    }

    /// A file of at most 512 MiB has texts of less than 4 GiB, a text at most 200 bytes.
    fn text(&mut self, text: &str) -> Span {
        let span = Span { start: self.texts.len() as u32, length: text.len() as u8 };
        self.texts.push_str(text);
        span
    }

    fn finish(self, file: &ListFile, layout: &Arc<Layout>) -> Result<ListBook, ListError> {
        let Self { mut lines, mut texts, names, by_name } = self;
        drop(by_name);
        lines.shrink_to_fit();
        texts.shrink_to_fit();
        lines.sort_unstable_by_key(|line| (line.location, line.file_line));
        let mut book = ListBook {
            source: file_name(file.name()).into(),
            layout: Arc::clone(layout),
            by_epc: Vec::new(),
            by_handling_unit: Vec::new(),
            lines,
            texts,
            names,
        };
        book.by_epc = book.index(|line| line.epc);
        book.by_handling_unit = book.index(|line| book.unit(line));
        let mut problems = Problems::new(file.name());
        book.find_double(&book.by_epc, "EPC", |line| line.epc, &mut problems);
        book.find_double(&book.by_handling_unit, "handling unit", |line| book.unit(line), &mut problems);
        problems.finish()?;
        Ok(book)
    }
}

/// Records bear the list's name, not the folder it was read from.
fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

fn decimal(text: &str, column: &str) -> Result<Decimal, String> {
    let wrong = |why: &str| Err(format!("{column} \"{}\" {why}", shown(text)));
    match Decimal::from_str_exact(text) {
        _ if text.is_empty() => Err(format!("the {column} is missing")),
        Ok(number) if number.is_sign_negative() && !number.is_zero() => wrong("is negative"),
        Ok(number) => Ok(number),
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => wrong("has too many digits; at most 28 are kept"),
        Err(_) => wrong("is not a number; digits with at most one decimal point are wanted, such as 1200 or 0.5"),
    }
}

impl ListBook {
    /// Number of lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether everything is booked empty.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn text(&self, span: Span) -> &str {
        &self.texts[span.start as usize..][..usize::from(span.length)]
    }

    fn index(&self, of: impl Fn(&Line) -> Span) -> Vec<u32> {
        let mut index: Vec<u32> = (0..self.lines.len() as u32).filter(|at| of(&self.lines[*at as usize]).length > 0).collect();
        // Equal texts stay in the order of the locations' lines.
        index.sort_by(|a, b| self.text(of(&self.lines[*a as usize])).cmp(self.text(of(&self.lines[*b as usize]))));
        index
    }

    /// The number of a line's handling unit, without an application identifier before it.
    fn unit(&self, line: &Line) -> Span {
        let span = line.handling_unit;
        // At most the four characters of `(00)`.
        let ahead = usize::from(span.length).saturating_sub(unit_named(self.text(span)).len()) as u8;
        Span { start: span.start + u32::from(ahead), length: span.length - ahead }
    }

    fn find_double(&self, index: &[u32], what: &str, of: impl Fn(&Line) -> Span, problems: &mut Problems) {
        for pair in index.windows(2) {
            let [mut first, mut second] = [self.lines[pair[0] as usize], self.lines[pair[1] as usize]];
            if first.location == second.location || self.text(of(&first)) != self.text(of(&second)) {
                continue;
            }
            if first.file_line > second.file_line {
                std::mem::swap(&mut first, &mut second);
            }
            problems.add(Code::ListInvalid, second.file_line.into(), |_| {
                format!(
                    "{what} \"{}\" is booked at \"{}\" here and at \"{}\" on line {}",
                    shown(self.text(of(&second))),
                    shown(self.layout.slot(second.location).code.as_str()),
                    shown(self.layout.slot(first.location).code.as_str()),
                    first.file_line
                )
            });
        }
    }

    fn find(&self, index: &[u32], text: &str, of: impl Fn(&Line) -> Span) -> Option<&Line> {
        let line = |at: &u32| &self.lines[*at as usize];
        let start = index.partition_point(|at| self.text(of(line(at))) < text);
        index.get(start).map(line).filter(|line| self.text(of(line)) == text)
    }

    fn book_line(&self, line: &Line) -> BookLine {
        let text = |span: Span| (span.length > 0).then(|| self.text(span));
        BookLine {
            item: Arc::clone(&self.names[line.item as usize]),
            handling_unit: text(line.handling_unit).map(Arc::from),
            epc: text(line.epc).and_then(|epc| Epc::from_hex(epc).ok()),
            quantity: line.quantity,
            unit: line.unit.map(|unit| Arc::clone(&self.names[unit.get() as usize])),
            price: line.price,
        }
    }
}

impl Book for ListBook {
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>> {
        let location = self.layout.index_of(location.as_str())?;
        let start = self.lines.partition_point(|line| line.location < location);
        let here = self.lines[start..].iter().take_while(|line| line.location == location);
        Some(here.map(|line| self.book_line(line)).collect())
    }

    fn whereabouts(&self, code: &str) -> Option<(LocationCode, BookLine)> {
        let line = self
            .find(&self.by_epc, &code.to_ascii_uppercase(), |line| line.epc)
            .or_else(|| self.find(&self.by_handling_unit, unit_named(code), |line| self.unit(line)))?;
        Some((self.layout.slot(line.location).code.clone(), self.book_line(line)))
    }

    fn source(&self) -> Arc<str> {
        Arc::clone(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use pandian_domain::{LaneSpec, QueueSpec, Slot};

    use super::super::source::Limits;
    use super::*;

    fn read(list: &str) -> Result<ListBook, ListError> {
        let lane = LaneSpec { id: "C1".into(), crane: "C1".into(), queue: 0 };
        let mut layout = Layout::new(vec![lane], vec![QueueSpec::default()]);
        for code in ["1号", "8号", "10号"] {
            layout.add(Slot { code: code.into(), place: None, queue: 0 }).unwrap();
        }
        let file = ListFile::read("book.csv", list.as_bytes(), Limits::default()).unwrap();
        read_stock(&file, &Arc::new(layout))
    }

    #[test]
    fn lines_are_found_by_location_epc_and_handling_unit() {
        let book = read(
            "货位号,物料,托盘/容器,EPC,数量,单位,单价\n8号,M-1,HU-8,3034abcd,12.50,pcs,0.10\n1号,M-1,HU-1,3034ABCE,1,,\n8号,M-2,HU-8,,3,kg,\n10号,,,,,,\n",
        )
        .unwrap();
        assert_eq!(book.len(), 3);
        let here = book.lines(&"8号".into()).unwrap();
        assert_eq!(here.len(), 2);
        assert_eq!(here[0].quantity.to_string(), "12.50");
        assert_eq!(here[0].price.unwrap().to_string(), "0.10");
        assert_eq!(here[0].epc.as_ref().unwrap().as_str(), "3034ABCD");
        assert_eq!((&*here[1].item, here[1].unit.as_deref(), here[1].epc.as_ref()), ("M-2", Some("kg"), None));
        assert_eq!(book.whereabouts("3034abce").unwrap().0.as_str(), "1号");
        assert_eq!(book.whereabouts("HU-8").unwrap().1, here[0]);
        assert!(book.whereabouts("HU-9").is_none());
        assert!(book.whereabouts("").is_none());
    }

    #[test]
    fn a_location_without_a_line_is_booked_empty_and_one_outside_is_unknown() {
        let book = read("location,item,quantity\n8号,M-1,1\n").unwrap();
        assert_eq!(book.lines(&"1号".into()), Some(Vec::new()));
        assert_eq!(book.lines(&"2号".into()), None);
    }

    #[test]
    fn what_stands_at_two_places_is_told_with_both_lines() {
        let error = read("location,item,handling_unit,epc,quantity\n8号,M,H1,30AA,1\n1号,M,H1,30aa,1\n").unwrap_err();
        let told = "book.csv:3: EPC \"30AA\" is booked at \"1号\" here and at \"8号\" on line 2\n\
                    book.csv:3: handling unit \"H1\" is booked at \"1号\" here and at \"8号\" on line 2";
        assert_eq!(error.to_string(), told);
    }
}
