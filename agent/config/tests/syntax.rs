//! Secrets in files that cannot be read.

#[test]
fn no_message_shows_a_secret() {
    for text in [
        "[exporters.sink]\nendpoint = \"http://alice:s3cret@127.0.0.1:4317\"\nlisten = 3",
        "[exporters.sink]\nendpoint = \"http://alice:s3cret@127.0.0.1:4317",
        "[exporters.sink]\nheaders = { authorization = \"Bearer s3cret\" }",
        "[exporters.sink]\nheaders = { authorization = \"Bearer s3cret }",
        "[exporters.sink]\ntls.certificate = { token = \"s3cret\" }",
        "[exporters.sink]\nlabels = { password = \"s3cret\" }",
        "[exporters.sink]\nlabels = [{ token = \"s3cret\" }, \"a\"]",
        "[exporters.sink]\nlisten = \"${env:API_TOKEN}\"\nlabels = \"${env:API_TOKEN}\"",
        "[receivers.source]\non_eof = \"${env:API_TOKEN}\"\nrate = \"${env:API_TOKEN}\"",
        "[exporters.sink]\nheaders = \"${API_TOKEN:-s3cret}\"",
        "[exporters.sink]\ntoken = \"${env:A B:-s3cret}\"",
        "[exporters.sink]\ntoken = s3cret",
        "[exporters.sink]\ntoken = s3cret-and-more\nlabels = [a]",
        "[exporters.sink]\ntoken = \u{201c}s3cret\u{201d}",
        "[exporters.sink]\nheaders = { authorization = s3cret }",
        "[exporters.sink]\nheaders = [\"s3cret\"",
        "[exporters.sink]\ntoken: s3cret",
        "[exporters.sink]\ntoken =\n  - s3cret",
        "[exporters.sink]\nlabels =\n  - http://alice:s3cret@there",
        "token:\n  - s3cret\npassword: s3cret\n",
        "{ \"token\": \"s3cret\" }",
        "[{ \"a\": [{ \"token\": \"s3cret\", \"url\": \"http://a:s3cret@there\" }] }]",
        "[exporters.sink]\nheaders = \"s3cret\"\n[service]\nlog = \"${env:API_TOKEN}=x\"",
    ] {
        let said = super::try_load(text).err().expect("there is a mistake");
        assert!(
            !said.contains("s3cret") && said.contains("error: "),
            "{text}\n{said}"
        );
    }
}
