//! Sections that contradict each other, or name what is not there.

use super::stand::{AISLE, DEVICES, Stand, crane, right};

#[test]
fn sections_that_do_not_fit_together() {
    let mut stand = Stand::new();
    stand.config("a crane for an aisle that is not there", right("", &crane("id = \"C2\"\naisles = [\"A1\", \"A3\"]")));
    stand.config("an aisle without a crane", right("", &AISLE.replace("A1", "A2")));
    stand.config("a crane without work", right("", &crane("id = \"C2\"")));
    stand.config("two cranes of one name", right("", &crane("id = \"C1\"\naisles = [\"A1\"]")));
    let dispatcher = format!("[[dispatcher]]\nid = \"C1\"\nlocations = [\"1号\"]\n{DEVICES}");
    stand.config("a dispatcher named like a crane", right("", &dispatcher));
    stand.config("two aisles of one name", right("", AISLE));
    stand.config("an aisle twice in a crane", right("", &crane("id = \"C2\"\naisles = [\"A1\", \"A1\"]")));
    stand.config("neither reader nor camera", right("", "").replace("reader = { kind = \"test\", url = \"http://b\" }\n", ""));
    let dispatcher = |id: &str, locations: &str| format!("[[dispatcher]]\nid = \"{id}\"\nlocations = [{locations}]\n{DEVICES}");
    stand.config("a location bound twice", right("", &(dispatcher("W1", "\"1号\", \"8号\"") + &dispatcher("W2", "\"8号\""))));
    stand.config("a location that the grid has", right("", &dispatcher("W1", "\"A1-L-01-2\"")));
    stand.config("an empty code", right("", &dispatcher("W1", "\"1号\", \"\"")));
    stand.config("a side twice", right("", "").replace("bays = 2", "bays = 2\nsides = [\"L\", \"L\"]"));
    stand.config("no side", right("", "").replace("bays = 2", "bays = 2\nsides = []"));
    stand.config("no crane", format!("name = \"D\"\n{AISLE}"));
    stand.config("no location", right("", "").replace("code = ", "#"));
    stand.config("books from nowhere", right("", "[book]\n"));
    stand.config("books from two places", right("", "[book]\nfile = \"book.csv\"\nsimulated = true\n"));
    stand.config("simulated books without a simulation", right("", "[book]\nsimulated = true\n"));
    stand.config("a book file that is not there", right("", "[book]\nfile = \"book.csv\"\n"));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn tables_that_the_configuration_names() {
    let mut stand = Stand::new();
    let table = right("", "[locations]\nfile = \"slots.csv\"\n");
    stand.config("a table that is not there", &table);
    stand.write("slots.csv", "code,aisle,side,bay,level\nX1,A2,L,1,1\nX2,A1,L,3,1\nX3,A1,L,1,9\nA1-L-01-1,A1,L,1,1\nX4,A1,M,1,1\nX5,A1,L,0,1\nX6,A1,L,1\n,A1,L,1,1\n");
    stand.config("a table with rows outside the racks", &table);
    stand.write("slots.csv", "货位号,巷道,列,层\nX1,A1,1,1\n");
    stand.config("a table without the sides", &table);
    let list = right("", &format!("[[dispatcher]]\nid = \"WCS\"\nlocations_file = \"codes.csv\"\n{DEVICES}"));
    stand.config("a list that is not there", &list);
    stand.write("codes.csv", "1号\n8号\n1号\n");
    stand.config("a list with a code twice", &list);
    stand.write("codes.csv", "1号\nA1-R-02-2\n");
    stand.config("a list with a code of the grid", &list);
    insta::assert_snapshot!(stand.told());
}
