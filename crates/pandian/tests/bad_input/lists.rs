//! Lists as text.

use super::stand::{Stand, gb18030, utf16};

#[test]
fn files_that_are_no_list() {
    let mut stand = Stand::new();
    let open = |path: &std::path::Path| pandian::lists::ListFile::open(path, pandian::lists::Limits::default());
    stand.locations_in("no such file", open(&stand.path("nowhere.csv")));
    stand.locations_in("a directory", open(&stand.path("")));
    stand.locations_in("a file as a folder", open(&stand.write("file", "x").join("list.csv")));
    stand.locations("empty", "");
    stand.locations("a BOM alone", "\u{feff}");
    stand.locations("blank lines alone", "\n\r\n \n");
    stand.locations("a header alone", "location,note\n");
    stand.locations("a header alone, in Chinese and GB18030", gb18030("货位号,备注\r\n"));
    stand.locations("UTF-16", utf16("location\n1号\n", true));
    stand.locations("UTF-16 without BOM", utf16("location\n1号\n", false));
    stand.locations("a NUL byte", "1号\n8号\n10\0号\n");
    stand.locations("mixed encodings", [gb18030("货位号\n1号\n"), "货位号\n".as_bytes().to_vec()].concat());
    stand.locations("mixed encodings behind a BOM", ["\u{feff}货位号\n8号\n".as_bytes().to_vec(), gb18030("1号\n")].concat());
    stand.locations("neither encoding", b"location\n1\xff\xff\n");
    stand.locations("a character cut in two", &gb18030("1号\n8号")[..6]);
    stand.locations("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00");
    stand.locations("lines that end with CR alone", "location\r1号\r8号\r");
    stand.locations("a row without end", format!("location\n{}\n", "1".repeat(70_000)));
    stand.locations("a quoted cell without end", format!("location\n\"{}", "1\n".repeat(70_000)));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn lists_of_locations() {
    let mut stand = Stand::new();
    stand.locations("unknown codes", "location\n8号\nA1-L-03-1\n2号\n1\nnowhere\n");
    stand.locations("unknown codes without header", "8号\n 8号\n8号 \n８号\na1-l-01-1\n");
    stand.locations("codes twice", "location\n8号\n1号\n8号\n8号\n");
    stand.locations("several columns without header", "8号,x\n1号,y\n");
    stand.locations("a header that is nearly right", "locations,note\n8号,x\n");
    stand.locations("the column twice", "location,货位号\n8号,8号\n");
    stand.locations("an unquoted delimiter", "location,note\n8号,a\n1号,a,b\n");
    stand.locations("a row that is too short", "note,location\na,8号\nb\n");
    stand.locations("text behind a closing quote", "location\n\"8\"号\n");
    stand.locations("an invisible character", "location\n8号\u{200b}\n\u{feff}1号\n");
    stand.locations("more than one wants to read", (0..1_000).map(|n| format!("Z{n}\n")).collect::<String>());
    stand.codes("codes that cannot be", format!("location,n\n\" \",1\n\"a\nb\",2\n{},3\n", "9".repeat(201)));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn tables_of_locations() {
    let mut stand = Stand::new();
    stand.slots("no header", "A1-L-01-1,A1,L,1,1\n");
    stand.slots("a slip in the header", "code;isle;side;bay;level\nX;A1;L;1;1\n");
    stand.slots("wrong numbers", "code,aisle,side,bay,level,depth\nX,A1,L,1,1,0\nX,A1,L,-1,1,1\nX,A1,L,1.5,1,1\nX,A1,L,99999999999,1,1\nX,A1,L,1,,1\nX,A1,L,1,1,256\n");
    stand.slots("wrong sides", "code,aisle,side,bay,level\nX,A1,1,1,1\nX,A1,,1,1\n");
    insta::assert_snapshot!(stand.told());
}

#[test]
fn book_stock() {
    let mut stand = Stand::new();
    let header = "location,item,handling_unit,epc,quantity,unit,price\n";
    stand.stock("no quantity column", "location,item\n8号,M-1\n");
    stand.stock("no header", "8号,M-1,H1,,1\n");
    stand.stock("unknown locations", format!("{header}8号,M,,,1,,\n9号,M,,,1,,\n"));
    stand.stock(
        "wrong quantities and prices",
        format!("{header}8号,M,,,,,\n8号,M,,,-1,,\n8号,M,,,\"1,000\",,\n8号,M,,,1e3,,\n8号,M,,,ten,,\n8号,M,,,{},,\n8号,M,,,1,,-0.5\n8号,M,,,１,,\n", "9".repeat(40)),
    );
    stand.stock("no item", format!("{header}8号,,H1,,1,,\n"));
    stand.stock("a long item", format!("{header}8号,{},,,1,,\n", "M".repeat(201)));
    stand.stock("wrong EPCs", format!("{header}8号,M,,30AG,1,,\n8号,M,,30A,1,,\n8号,M,,{},1,,\n", "AB".repeat(63)));
    stand.stock("an EPC at two locations", format!("{header}8号,M,,30AA,1,,\n1号,M,,30aa,1,,\n"));
    stand.stock("a handling unit at two locations", format!("{header}8号,M,H1,,1,,\n10号,M,H2,,1,,\n8号,N,H1,,1,,\n1号,M,H1,,1,,\n"));
    stand.stock("cut off inside quotes", format!("{header}8号,M,H1,,1,,\n1号,\"M 1"));
    insta::assert_snapshot!(stand.told());
}
