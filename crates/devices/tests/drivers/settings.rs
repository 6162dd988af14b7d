//! Settings that are refused, with what their messages say.

use pandian_devices::Catalog;

use crate::ground::{build, context, parse};

fn refused(role: &str, kind: &str, settings: &str) -> String {
    let catalog = Catalog::real();
    let result = match role {
        "crane" => parse(&catalog.cranes, kind, settings).map(drop),
        "reader" => parse(&catalog.readers, kind, settings).map(drop),
        _ => parse(&catalog.cameras, kind, settings).map(drop),
    };
    result.expect_err(settings).message().to_owned()
}

#[test]
fn wrong_settings_say_what_is_allowed() {
    for (role, kind, settings, told) in [
        ("crane", "http", "{}", "missing field `url`"),
        ("crane", "http", "{ url = 5 }", "invalid type: integer `5`"),
        ("crane", "http", "{ url = \"http://u:p@h/\" }", "`headers`"),
        ("crane", "http", "{ url = \"http://h/\", urll = 1 }", "unknown field `urll`, expected one of `url`, `mode`"),
        ("crane", "http", "{ url = \"http://h/\", mode = \"push\" }", "expected one of `sync`, `poll`, `callback`"),
        ("crane", "http", "{ url = \"http://h/\", mode = \"poll\" }", "needs a `poll_url`"),
        ("crane", "http", "{ url = \"http://h/\", poll_url = \"http://h/{task_id}\" }", "with mode = \"poll\" only"),
        ("crane", "http", "{ url = \"http://h/\", poll_interval = 5 }", "write a duration with its unit, such as \"30s\" or \"500ms\""),
        ("crane", "http", "{ url = \"http://h/\", poll_interval = \"0s\" }", "at least 10ms"),
        ("crane", "http", "{ url = \"http://h/\", message = \"{place}\" }", "nothing fills the placeholder {place}"),
        ("crane", "http", "{ url = \"http://h/\", code_pointer = \"code\" }", "begins with a slash"),
        ("crane", "http", "{ url = \"http://h/\", alarm_codes = [200] }", "also the code"),
        ("crane", "http", "{ url = \"http://h/\", extra = { space_number = \"x\" } }", "holds the location"),
        ("crane", "http", "{ url = \"http://h/\", headers = { Host = \"x\" } }", "written by the client itself"),
        ("crane", "http", "{ url = \"http://h/\", headers = { \"a b\" = \"x\" } }", "cannot be the name of a header"),
        ("crane", "http", "{ url = \"http://h/\", headers = { a = \"1\", A = \"2\" } }", "stands twice"),
        ("reader", "http", "{ url = \"http://{location}/\" }", "the host is missing"),
        ("reader", "http", "{ url = \"http://h/\", method = \"PUT\" }", "expected `GET` or `POST`"),
        ("reader", "http", "{ url = \"http://h/\", method = \"GET\", body = {} }", "with method = \"POST\" only"),
        ("reader", "command", "{ command = \"scan\" }", "no shell reads it"),
        ("reader", "command", "{ command = [\"scan\"], max_output = 5 }", "write a size with its unit, such as \"4MiB\""),
        ("camera", "http", "{ url = \"http://h/\", compare_headers = { a = \"b\" } }", "with a `compare_url` only"),
        ("camera", "command", "{ command = [] }", "the program is missing"),
    ] {
        let message = refused(role, kind, settings);
        assert!(message.contains(told), "{settings}: {message}");
    }
}

#[test]
fn a_secret_that_is_not_set_is_named_when_the_device_is_built() {
    let settings = "{ url = \"http://h/\", headers = { authorization = \"env:PANDIAN_NO_SUCH_VARIABLE\" } }";
    let Err(error) = build(&Catalog::real().readers, "http", settings, &context(".".as_ref())) else { panic!("it was built") };
    assert_eq!(
        error.to_string(),
        "the reader of crane C1: the environment variable PANDIAN_NO_SUCH_VARIABLE of the header authorization is not set"
    );
}

#[test]
fn every_kind_has_a_schema_that_names_its_settings() {
    let catalog = Catalog::real();
    let schemas = catalog.cranes.iter().map(|kind| (kind.schema)());
    let schemas =
        schemas.chain(catalog.readers.iter().map(|kind| (kind.schema)())).chain(catalog.cameras.iter().map(|kind| (kind.schema)()));
    for schema in schemas {
        let schema = schema.to_value();
        assert_eq!(schema["additionalProperties"], false, "{schema}");
        assert!(schema["properties"].as_object().unwrap().len() >= 3, "{schema}");
        for (name, setting) in schema["properties"].as_object().unwrap() {
            assert!(setting["description"].is_string(), "{name} is not described: {setting}");
        }
    }
}
