//! What is masked, and what is not.

use super::{Secrets, is_secret};

fn mask(text: &str) -> String {
    Secrets::default().mask(text)
}

#[test]
fn names_say_what_is_secret() {
    let cases = [
        ("headers", true),
        ("api-key", true),
        ("Authorization", true),
        ("bearer_token", true),
        ("token_file", false),
        ("key_file", false),
        ("endpoint", false),
        ("http_headers", false),
        ("tokn", true),
        ("athorization", true),
        ("header", true),
        ("secert", true),
        ("socket", false),
    ];
    for (name, expected) in cases {
        assert_eq!(is_secret(name), expected, "{name}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn values_are_masked_where_their_keys_or_tables_are_secret() {
    let cases = [
        (
            "headers = { a = \"s3cret\", b = 'x' }",
            "headers = { a = \"******\", b = '*' }",
        ),
        (
            "[exporters.otlp.headers]\nx-key = \"s3cret\"",
            "[exporters.otlp.headers]\nx-key = \"******\"",
        ),
        (
            "[exporters.\"otlp/a\".headers]\na=\"b\"\n[c]\na=\"b\"",
            "[exporters.\"otlp/a\".headers]\na=\"*\"\n[c]\na=\"b\"",
        ),
        ("headers.\"x y\" = \"a\\\"b\"", "headers.\"x y\" = \"****\""),
        ("token = 1234", "token = ****"),
        (
            "tokens = [\n  \"a\", # no\n  'b' ]",
            "tokens = [\n  \"*\", # no\n  '*' ]",
        ),
        (
            "password = \"\"\"a\nb\"\"\"\nx = 'c'",
            "password = \"\"\"***\"\"\"\nx = 'c'",
        ),
        ("redact_api_key = true", "redact_api_key = true"),
        (
            "endpoint = \"http://a:b@h:1\"",
            "endpoint = \"http://***@h:1\"",
        ),
        (
            "a = [{ b = 'http://h/?k=1' }]",
            "a = [{ b = 'http://h/?***' }]",
        ),
        (
            "# headers = { a = \"s3cret\" }\nx = 1",
            "# headers = { a = \"******\" }\nx = 1",
        ),
        (
            "x = 1 # don't, token = 'ab'\nheaders = {a='b'}",
            "x = 1 # don't, token = 'ab'\nheaders = {a='*'}",
        ),
        ("x = \"headers = 'a'\"", "x = \"headers = 'a'\""),
        ("headers.ä = \"é\"", "headers.ä = \"**\""),
        ("", ""),
    ];
    for (text, expected) in cases {
        let masked = mask(text);
        assert_eq!(masked, expected);
        assert_eq!(masked.len(), text.len(), "places stay what they are");
    }
}

#[test]
fn what_is_no_toml_hides_its_secrets_too() {
    for text in [
        "headers = { a = \"s3cret }",
        "headers = { a = \"s3cret\" b = 's3cret'",
        "headers = { = \"s3cret\" }",
        "authorization \"Bearer s3cret\"",
        "token = s3cret",
        "token = = s3cret",
        "[headers\na = 's3cret'",
        "headers = [ s3cret",
        "password = '''s3cret",
        "endpoint = \"http://a:s3cret@h",
        "a b c\n}]\ntoken = s3cret",
    ] {
        let masked = mask(text);
        assert!(!masked.contains("s3cret"), "{masked}");
    }
}

#[test]
fn depth_and_length_of_a_file_are_no_matter() {
    let texts = [
        "[".repeat(1 << 20),
        "{a=".repeat(1 << 18),
        "#a".repeat(1 << 18),
        "a = ".to_owned() + &"[".repeat(1 << 20),
    ];
    for text in texts {
        assert_eq!(mask(&text).len(), text.len());
    }
}

#[test]
fn any_text_is_read_to_its_end() {
    let pieces = [
        "\"", "'", "\"\"\"", "[", "]", "{", "}", "=", "#", "\n", ".", ",", "\\", "é", " ",
        "headers", "://", "@", "?",
    ];
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..20_000 {
        let text: String = (0..random.usize(..12))
            .map(|_| pieces[random.usize(..pieces.len())])
            .collect();
        assert_eq!(mask(&text).len(), text.len(), "{text:?}");
    }
}

#[test]
fn sentences_lose_what_the_file_and_the_environment_hold() {
    let mut secrets = Secrets::default();
    secrets.mask("headers = { a = \"Bearer s3cret\" }");
    secrets.add("from-env");
    secrets.add("5");
    let cases = [
        (
            "invalid type: string \"Bearer s3cret\", expected a map",
            "invalid type: string \"***\", expected a map",
        ),
        ("`s3cret` is nothing", "`***` is nothing"),
        ("from-env", "***"),
        (
            "integer `5`, expected a port from 1 to 65535",
            "integer `***`, expected a port from 1 to 65535",
        ),
        ("`http://x:y@h` is wrong", "`http://***@h` is wrong"),
        (
            "did you mean `http://h/?k=1` or not?",
            "did you mean `http://h/?***` or not?",
        ),
    ];
    for (sentence, expected) in cases {
        assert_eq!(secrets.hide(sentence), expected);
    }
}

#[test]
fn a_short_secret_does_not_take_ordinary_words_apart() {
    let mut secrets = Secrets::default();
    secrets.add("t");
    let hidden = secrets.hide("the string \"t\", which is at most t, is not a token");
    assert_eq!(
        hidden,
        "the string \"***\", which is at most ***, is not a token"
    );
}
