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
        ("reader", "llrp", "{}", "missing field `address`"),
        ("reader", "llrp", "{ address = \"tcp://h\" }", "write a reader's address as"),
        ("reader", "llrp", "{ address = \"h\", session = 2 }", "silences every tag after its first read"),
        ("reader", "llrp", "{ address = \"h\", at = [{ side = \"L\", session = 3 }] }", "`at[0].session` 3 silences"),
        ("reader", "llrp", "{ address = \"h\", session = 4 }", "`session` is 0, 1, 2 or 3"),
        ("reader", "llrp", "{ address = \"h\", at = [{ power_dbm = 3 }] }", "one of them is wanted"),
        ("reader", "llrp", "{ address = \"h\", at = [{ locations = [] }] }", "`at[0].locations` names no location"),
        ("reader", "llrp", "{ address = \"h\", at = [{ levels = [3, 1] }] }", "`at[0].levels` is the lowest and the highest level"),
        ("reader", "llrp", "{ address = \"h\", antennas = [0] }", "antennas are numbers from 1, each once"),
        ("reader", "llrp", "{ address = \"h\", antennas = { L = [1] } }", "missing field `R`"),
        ("reader", "llrp", "{ address = \"h\", antennas = 1 }", "a list of antennas, or one for either side"),
        ("reader", "llrp", "{ address = \"h\", tls = {} }", "by one of `ca`, `sha256` and `public`"),
        ("reader", "llrp", "{ address = \"h\", tls = { public = true, ca = \"ca.pem\" } }", "by one of `ca`, `sha256` and `public`"),
        ("reader", "llrp", "{ address = \"h\", tls = { sha256 = \"AB:CD\" } }", "64 hex digits"),
        ("reader", "llrp", "{ address = \"h\", dwell = \"1s\", quiet = \"1s\" }", "to end an inventory before its `dwell`"),
        ("reader", "llrp", "{ address = \"h\", dwell = \"1h\" }", "`dwell` is 1h; it is at least 50ms and at most 10m"),
        ("reader", "llrp", "{ address = \"h\", power_dbm = 900 }", "transmit power in dBm"),
        ("camera", "http", "{ url = \"http://h/\", compare_headers = { a = \"b\" } }", "with a `compare_url` only"),
        ("camera", "command", "{ command = [] }", "the program is missing"),
        ("camera", "http-snapshot", "{}", "a camera is given as `url`, or as `preset` with its `address`"),
        ("camera", "http-snapshot", "{ preset = \"axis\" }", "or as `preset` with its `address`"),
        ("camera", "http-snapshot", "{ address = \"h\" }", "or as `preset` with its `address`"),
        ("camera", "http-snapshot", "{ url = \"http://h/\", preset = \"axis\", address = \"h\" }", "or as `preset` with its `address`"),
        ("camera", "http-snapshot", "{ url = \"http://h/\", channel = 1 }", "write them into the `url`"),
        ("camera", "http-snapshot", "{ url = \"http://u:p@h/\" }", "`user` and `password`"),
        ("camera", "http-snapshot", "{ url = \"http://h/\", tls = { public = true } }", "begins with https://"),
        ("camera", "http-snapshot", "{ url = \"https://h/\", tls = {} }", "by one of `ca`, `sha256` and `public`"),
        ("camera", "http-snapshot", "{ preset = \"dahua\", address = \"h\" }", "expected `hikvision` or `axis`"),
        ("camera", "http-snapshot", "{ preset = \"axis\", address = \"http://h\" }", "write a camera's address as"),
        ("camera", "http-snapshot", "{ preset = \"axis\", address = \"u@h\" }", "write a camera's address as"),
        ("camera", "http-snapshot", "{ preset = \"axis\", address = \"h\", channel = 0 }", "`channel` counts from 1"),
        ("camera", "http-snapshot", "{ preset = \"axis\", address = \"h\", resolution = \"large\" }", "such as \"1920x1080\""),
        ("camera", "http-snapshot", "{ url = \"http://h/\", user = \"a\" }", "`user` and `password` belong together"),
        ("camera", "http-snapshot", "{ url = \"http://h/\", user = \"a:b\", password = \"env:P\" }", "without colons"),
        ("camera", "http-snapshot", "{ url = \"http://h/\", allow_basic = true }", "it needs `user` and `password`"),
        ("camera", "http-snapshot", "{ url = \"http://h/\", settle = \"5m\" }", "1m at most"),
        (
            "camera",
            "http-snapshot",
            "{ url = \"http://h/\", max_picture = \"1GiB\" }",
            "at least 1KiB and at most 32MiB, the most that a picture to be looked at may have",
        ),
        ("camera", "http-snapshot", "{ url = \"http://h/\", password = \"env:\" }", "is missing after env:"),
        ("camera", "onvif", "{}", "missing field `address`"),
        ("camera", "onvif", "{ address = \"h/onvif\" }", "write a camera's address as"),
        ("camera", "onvif", "{ address = \"h\", service = \"onvif\" }", "begins with a slash"),
        ("camera", "onvif", "{ address = \"h\", password = \"env:P\" }", "`user` and `password` belong together"),
        ("camera", "rtsp", "{}", "missing field `url`"),
        ("camera", "rtsp", "{ url = \"http://h/\" }", "begins with rtsp://"),
        ("camera", "rtsp", "{ url = \"rtsp://u:p@h/\" }", "no user name or password belongs into a URL"),
        ("camera", "rtsp", "{ url = \"rtsp://h/\", user = \"a\" }", "`user` and `password` belong together"),
        ("camera", "rtsp", "{ url = \"rtsp://h/\", allow_basic = true }", "it needs `user` and `password`"),
        ("camera", "folder", "{}", "missing field `folder`"),
        ("camera", "folder", "{ folder = \"f\", pattern = \"../*.jpg\" }", "without slashes"),
        ("camera", "folder", "{ folder = \"f\", pattern = \"{place}\" }", "nothing fills the placeholder {place}"),
        ("camera", "folder", "{ folder = \"f\", max_picture = \"1B\" }", "at least 1KiB"),
        ("camera", "folder", "{ folder = \"f\", max_picture = \"33MiB\" }", "at most 32MiB"),
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
fn a_password_in_the_file_is_refused_and_not_repeated() {
    for kind in ["http-snapshot", "onvif"] {
        let target = if kind == "onvif" { "address = \"h\"" } else { "url = \"http://h/\"" };
        let message = refused("camera", kind, &format!("{{ {target}, user = \"admin\", password = \"Geheim-17\" }}"));
        assert!(message.contains("put it into an environment variable and write \"env:NAME\"") && !message.contains("Geheim"), "{message}");
    }
    let settings = "{ url = \"http://h/\", user = \"admin\", password = \"env:PANDIAN_NO_SUCH_VARIABLE\" }";
    let Err(error) = build(&Catalog::real().cameras, "http-snapshot", settings, &context(".".as_ref())) else { panic!("it was built") };
    assert_eq!(error.to_string(), "the camera of crane C1: the environment variable PANDIAN_NO_SUCH_VARIABLE of `password` is not set");
}

#[test]
#[cfg(not(feature = "rtsp"))]
fn a_kind_that_is_not_built_in_says_how_to_get_it() {
    let message = refused("camera", "rtsp", "{ url = \"rtsp://h/\" }");
    assert!(message.contains("`cargo build --release --features rtsp`"), "{message}");
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
