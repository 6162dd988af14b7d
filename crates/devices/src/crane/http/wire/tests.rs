use super::*;
use crate::crane::http::HttpCraneSettings;
use crate::visit_for_tests as visit;

fn wire(settings: &str) -> Wire {
    let settings: HttpCraneSettings = toml::from_str(&format!("url = \"http://h/\"\n{settings}")).unwrap();
    Wire::new(&settings)
}

fn request(settings: &str, location: &str) -> String {
    String::from_utf8(wire(settings).request(&location.into())).unwrap()
}

fn read(settings: &str, reply: impl AsRef<[u8]>) -> Result<Answer, Refusal> {
    wire(settings).read(reply.as_ref(), &visit("1号"))
}

fn failed(settings: &str, reply: impl AsRef<[u8]>) -> (Code, String) {
    let refusal = read(settings, reply).unwrap_err();
    (refusal.code(), refusal.to_string())
}

#[test]
fn a_request_is_these_bytes() {
    assert_eq!(request("", "1号"), r#"{"space_number": "1号"}"#);
    assert_eq!(request("", "A01-L-012-05"), r#"{"space_number": "A01-L-012-05"}"#);
    assert_eq!(request("", " a\"\\\u{1}\t😀 "), "{\"space_number\": \" a\\\"\\\\\\u0001\\t😀 \"}");
    assert_eq!(
        request("location_field = \"货位\"\nextra = { priority = 1, to = { aisle = \"A\" }, list = [true, 1.5] }", "1号"),
        r#"{"货位": "1号", "list": [true,1.5], "priority": 1, "to": {"aisle":"A"}}"#
    );
}

#[test]
fn the_arrival_is_read_however_json_may_write_it() {
    for reply in [
        r#"{"code": 200, "data": null, "message": "堆垛机已到达货位1号"}"#,
        r#"{"code":200,"data":null,"message":"\u5806\u579b\u673a\u5df2\u5230\u8fbe\u8d27\u4f4d1\u53f7"}"#,
        "\u{feff}{\"code\": 200, \"message\": \"堆垛机已到达货位1号\"}",
        "\r\n\t {\"message\" : \"堆垛机已到达货位1号\" , \"code\" : 200 }\n\n",
        r#"{"code": 200, "data": {"code": 500, "message": "x", "deep": [[{}]]}, "message": "堆垛机已到达货位1号", "extra": 1e300}"#,
        r#"{"code": 200, "data": "text", "message": "堆垛机已到达货位1号"}"#,
    ] {
        assert_eq!(read("", reply), Ok(Answer::Arrived), "{reply}");
        assert_eq!(read("code_pointer = \"/code\"\nmode = \"callback\"", reply), Ok(Answer::Arrived), "{reply}");
    }
}

#[test]
fn another_location_is_never_taken_for_this_one() {
    for said in ["堆垛机已到达货位11号", "堆垛机已到达货位1号 ", "堆垛机已到达货位1", "到达1号", "", "ok", "堆垛机已到达货位{location}"]
    {
        let (code, message) = failed("", format!("{{\"code\": 200, \"message\": \"{said}\"}}"));
        assert_eq!(code, Code::CraneWrongLocation, "{said}");
        assert_eq!(message, format!("says \"{said}\" where \"堆垛机已到达货位1号\" was expected"));
    }
}

#[test]
fn another_code_is_refused_with_the_message_beside_it() {
    let refused = |reply: &str| failed("", reply);
    assert_eq!(
        refused(r#"{"code": 500, "data": null, "message": "货位不存在"}"#),
        (Code::CraneWrongCode, "answered the code 500, not 200: 货位不存在".to_owned())
    );
    assert_eq!(refused(r#"{"code": "200", "message": "堆垛机已到达货位1号"}"#).0, Code::CraneWrongCode);
    assert_eq!(refused(r#"{"code": 200.5, "message": "堆垛机已到达货位1号"}"#).0, Code::CraneWrongCode);
    assert_eq!(refused(r#"{"code": 18446744073709551615}"#).0, Code::CraneWrongCode);
    assert_eq!(refused(r#"{"code": 99999999999999999999999999}"#).0, Code::CraneWrongCode);
    assert_eq!(refused(r#"{"code": -200}"#).1, "answered the code -200, not 200");
    let long = refused(&format!("{{\"code\": 1, \"message\": \"{}\\n\\u001b[2J\"}}", "长".repeat(5000))).1;
    assert!(long.chars().count() < 260 && !long.contains('\u{1b}'), "{long}");
    assert!(refused(r#"{"code": 202, "data": {"task_id": "7"}}"#).1.contains("set mode = \"poll\" or \"callback\""));
}

#[test]
fn alarms_are_told_apart() {
    let settings = "alarm_codes = [510, \"E-STOP\"]";
    assert_eq!(failed(settings, r#"{"code": 510, "message": "急停"}"#), (Code::CraneAlarm, "reports the alarm 510: 急停".to_owned()));
    assert_eq!(failed(settings, r#"{"code": "E-STOP"}"#), (Code::CraneAlarm, "reports the alarm \"E-STOP\"".to_owned()));
    assert_eq!(failed(settings, r#"{"code": "510"}"#).0, Code::CraneWrongCode);
}

#[test]
fn what_is_not_the_agreed_json_is_refused_with_its_place() {
    for (reply, told) in [
        ("", "an object is wanted"),
        ("<html>502 Bad Gateway</html>", "an object is wanted; it begins \"<html>502"),
        ("null", "an object is wanted"),
        ("[]", "an object is wanted"),
        (r#"[200, "堆垛机已到达货位1号"]"#, "an object is wanted"),
        ("{\"code\": 200", "column 12"),
        (r#"{"code": 200}"#, "/message is missing"),
        (r#"{"code": 200, "message": null}"#, "/message is missing"),
        (r#"{"code": 200, "message": 5}"#, "invalid type: integer `5`"),
        (r#"{"message": "堆垛机已到达货位1号"}"#, "/code is missing"),
        (r#"{"code": true}"#, "a code: a whole number or a text"),
        (r#"{"code": 1e400}"#, "number out of range"),
        (r#"{"code": 500, "code": 200, "message": "堆垛机已到达货位1号"}"#, "duplicate field `code`"),
        (r#"{"code": 200, "message": "堆垛机已到达货位1号"} {}"#, "trailing characters"),
        (r#"{"code": 200, "message": "堆垛机已到达货位1号","#, "EOF"),
        (r#"{"code": 200, "message": "\ud83d"}"#, "hex escape"),
    ] {
        let (code, message) = failed("", reply);
        assert_eq!(code, Code::DeviceBadReply, "{reply}: {message}");
        assert!(message.contains(told), "{reply}: {message}");
    }
    let (code, message) = failed("", b"{\"code\": 200, \"message\": \"\xb6\xd1\xb6\xe2\xbb\xfa\"}");
    assert_eq!(code, Code::DeviceBadReply, "a reply in GBK: {message}");
    assert_eq!(failed("", "[".repeat(100_000)).0, Code::DeviceBadReply);
}

#[test]
fn fields_stand_where_the_pointers_say() {
    let settings =
        "code_pointer = \"/result/0/status\"\nmessage_pointer = \"/a~1b\"\narrived_code = \"OK\"\nmessage = \"{crane} at {location}\"";
    assert_eq!(read(settings, r#"{"result": [{"status": "OK"}], "a/b": "C1 at 1号"}"#), Ok(Answer::Arrived));
    assert_eq!(failed(settings, r#"{"result": [{"status": "OK"}], "a/b": "C1 at 2号"}"#).0, Code::CraneWrongLocation);
    assert!(failed(settings, r#"{"result": []}"#).1.contains("/result/0/status is missing"));
    assert!(failed(settings, r#"{"result": [{"status": null}]}"#).1.contains("/result/0/status: invalid type: null"));
}

#[test]
fn an_accepted_task_names_itself() {
    let accepted = |settings: &str, reply: &str| match read(&format!("mode = \"callback\"\n{settings}"), reply) {
        Ok(Answer::Accepted(name)) => name.map(|name| name.as_str().to_owned()),
        other => panic!("{other:?}"),
    };
    assert_eq!(accepted("", r#"{"code": 202, "data": {"task_id": "T-1"}, "message": "ok"}"#).as_deref(), Some("T-1"));
    assert_eq!(accepted("", r#"{"code": 202, "data": {"task_id": 17}, "message": null}"#).as_deref(), Some("17"));
    assert_eq!(accepted("task_pointer = \"/task\"", r#"{"code": 202, "task": "任务1"}"#).as_deref(), Some("任务1"));
    for nameless in [r#"{"code": 202, "data": null}"#, r#"{"code": 202, "data": {"task_id": ""}}"#, r#"{"code": 202}"#] {
        assert_eq!(accepted("", nameless), None, "{nameless}");
    }
}
