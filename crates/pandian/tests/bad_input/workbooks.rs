//! Lists as workbooks.

use std::io::{Cursor, Write};

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::stand::Stand;
use pandian::lists::{Limits, ListFile};

/// A workbook of one column from the first row on.
fn column(cells: &[&str]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cell) in (0..).zip(cells) {
        sheet.write_string(row, 0, *cell).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

/// The same archive with some parts replaced.
fn with_parts(workbook: &[u8], replaced: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut changed = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        std::io::copy(&mut part, &mut content).unwrap();
        changed.start_file(&name, SimpleFileOptions::default()).unwrap();
        let replaced = replaced.iter().find(|(of, _)| *of == name).map(|(_, content)| *content);
        changed.write_all(replaced.unwrap_or(&content)).unwrap();
    }
    changed.finish().unwrap().into_inner()
}

fn sheet(cells: &str) -> Vec<u8> {
    const NAMESPACE: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    format!("<?xml version=\"1.0\"?><worksheet xmlns=\"{NAMESPACE}\"><sheetData>{cells}</sheetData></worksheet>").into_bytes()
}

#[test]
fn workbooks_that_cannot_be_used() {
    const SHEET: &str = "xl/worksheets/sheet1.xml";
    let mut stand = Stand::new();
    let right = column(&["location", "8号"]);
    stand.locations("cut off", &right[..right.len() / 2]);
    stand.locations("only the first bytes", b"PK\x03\x04");
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("readme.txt", SimpleFileOptions::default()).unwrap();
    archive.write_all(b"location\n8").unwrap();
    stand.locations("an archive of something else", archive.finish().unwrap().into_inner());
    stand.locations("a sheet that is no XML", with_parts(&right, &[(SHEET, b"<worksheet><sheetData><row")]));
    stand.locations(
        "a sheet that ends early",
        with_parts(&right, &[(SHEET, b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c>")]),
    );
    let inline = |at: &str| format!("<row><c r=\"{at}\" t=\"inlineStr\"><is><t>location</t></is></c></row>");
    stand.locations("a cell far outside", with_parts(&right, &[(SHEET, &sheet(&inline("XFE1")))]));
    let back = "<row r=\"1\"><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>";
    stand.locations("cells out of order", with_parts(&right, &[(SHEET, &sheet(back))]));
    let texts = b"<sst uniqueCount=\"99999999999999999\"><si><t>location</t></si></sst>";
    stand.locations("a table of texts that lies", with_parts(&right, &[("xl/sharedStrings.xml", texts)]));
    let bomb = with_parts(&right, &[("xl/sharedStrings.xml", &vec![b' '; 64 << 20])]);
    assert!(bomb.len() < 200_000, "{} bytes", bomb.len());
    let small = Limits { bytes: 32 << 20, ..Limits::default() };
    stand.locations_in("a bomb", ListFile::read("list.xlsx", bomb.as_slice(), small));
    stand.locations_in(
        "a sheet that is not there",
        ListFile::read("list.xlsx", right.as_slice(), Limits::default()).map(|file| file.with_sheet(Some("Stock".to_owned()))),
    );
    insta::assert_snapshot!(stand.told());
}

#[test]
fn a_cell_at_an_impossible_place_is_an_error_and_no_crash() {
    let cell = "<row><c r=\"ZZZZZZZZ99999999999\"><v>1</v></c></row>";
    let workbook = with_parts(&column(&["location", "8号"]), &[("xl/worksheets/sheet1.xml", &sheet(cell))]);
    let file = ListFile::read("list.xlsx", workbook.as_slice(), Limits::default()).unwrap();
    assert!(pandian::lists::read_codes(&file).is_err());
}

#[test]
fn cells_that_cannot_be_used() {
    let mut stand = Stand::new();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 1, "location").unwrap();
    sheet.write_number(1, 1, 10).unwrap();
    sheet.write_number(2, 1, 3.034257e17).unwrap();
    sheet.write_datetime_with_format(3, 1, ExcelDateTime::from_ymd(2026, 3, 12).unwrap(), &Format::new().set_num_format("m-d")).unwrap();
    sheet.write_formula(4, 1, Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet.write_boolean(5, 1, true).unwrap();
    sheet.write_string(6, 0, "a note").unwrap();
    stand.locations("cells that are no text", workbook.save_to_buffer().unwrap());
    stand.locations("an empty workbook", Workbook::new().save_to_buffer().unwrap());
    stand.locations("a header alone", column(&["location"]));
    stand.locations("unknown codes and blank rows", column(&["货位号", "", "8号", "9号", "8号"]));
    insta::assert_snapshot!(stand.told());
}
