//! Kubeconfigs of all kinds, with real certificates.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::read;

/// A certificate or a key of the repository's tests.
fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/golden/tls")
        .join(name)
}

fn base64(name: &str) -> String {
    STANDARD.encode(fs::read(pem(name)).unwrap())
}

/// A kubeconfig in a directory with copies of the certificates.
struct File {
    directory: TempDir,
}

impl File {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["ca.pem", "client.pem", "client.key"] {
            fs::copy(pem(name), directory.path().join(name)).unwrap();
        }
        fs::write(directory.path().join("token"), " t0ken\n").unwrap();
        fs::write(directory.path().join("config"), text).unwrap();
        Self { directory }
    }

    /// A kubeconfig with one context of these.
    fn of(cluster: &str, user: &str) -> Self {
        Self::new(&format!(
            "apiVersion: v1\nkind: Config\npreferences: {{}}\ncurrent-context: one\n\
             contexts:\n- name: one\n  context: {{cluster: c, user: u, namespace: n}}\n\
             clusters:\n- name: c\n  cluster: {{{cluster}}}\n\
             users:\n- name: u\n  user: {{{user}}}\n"
        ))
    }

    /// The server and the token, or the problem.
    fn read(&self, context: Option<&str>) -> Result<(String, Option<String>), String> {
        let path = self.directory.path().join("config");
        let access = read(&path, context, None).map_err(|error| {
            let path = format!("the kubeconfig `{}` ", path.display());
            error.to_string().replace(&path, "")
        })?;
        let token = access.token.map(|token| token.to_str().unwrap().to_owned());
        Ok((format!("{}{}", access.target, access.prefix), token))
    }
}

const CLUSTER: &str = "server: 'https://10.96.0.1:6443', certificate-authority: ca.pem";

#[test]
fn credentials_are_tokens_files_of_them_or_client_certificates() {
    let data = format!(
        "client-certificate-data: {}, client-key-data: {}",
        base64("client.pem"),
        base64("client.key")
    );
    let cases = [
        ("", None),
        ("token: abc", Some("Bearer abc")),
        ("tokenFile: token", Some("Bearer t0ken")),
        ("tokenFile: token, token: abc", Some("Bearer t0ken")),
        (
            "client-certificate: client.pem, client-key: client.key",
            None,
        ),
        (&data, None),
    ];
    for (user, token) in cases {
        let expected = (
            "https://10.96.0.1:6443".to_owned(),
            token.map(str::to_owned),
        );
        assert_eq!(File::of(CLUSTER, user).read(None), Ok(expected), "{user}");
    }
}

#[test]
fn authorities_are_in_the_file_beside_it_or_the_systems() {
    let data = format!("certificate-authority-data: {}, ", base64("ca.pem"));
    let file = "certificate-authority: ca.pem, ";
    for authority in [&*data, file, ""] {
        let cluster =
            format!("{authority}server: 'https://api.example/k8s/c-1', tls-server-name: api");
        let (server, _) = File::of(&cluster, "").read(None).unwrap();
        assert_eq!(server, "https://api.example:443/k8s/c-1");
    }
}

#[test]
fn the_named_context_goes_before_the_current_one() {
    let file = File::new(
        "current-context: one\n\
         contexts:\n- {name: one, context: {cluster: a, user: u}}\n- {name: two, context: {cluster: b}}\n\
         clusters:\n- {name: a, cluster: {server: 'http://127.0.0.1:1'}}\n\
         - {name: b, cluster: {server: 'http://127.0.0.1:2'}}\nusers:\n- {name: u, user: {token: t}}\n",
    );
    let one = ("http://127.0.0.1:1".to_owned(), Some("Bearer t".to_owned()));
    assert_eq!(file.read(None), Ok(one));
    assert_eq!(
        file.read(Some("two")),
        Ok(("http://127.0.0.1:2".to_owned(), None))
    );
    let missing = "has no context named \"three\"".to_owned();
    assert_eq!(file.read(Some("three")), Err(missing));
}

#[test]
fn json_is_a_kubeconfig_as_well() {
    let file = File::new(
        r#"{"current-context": "one", "contexts": [{"name": "one", "context": {"cluster": "a"}}],
            "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}], "users": null}"#,
    );
    assert_eq!(file.read(None), Ok(("http://127.0.0.1:1".to_owned(), None)));
}

#[test]
fn what_is_not_supported_is_refused_with_its_key() {
    let instead = "which is not supported; use a token, a token file or a client certificate";
    let users = [
        ("exec: {command: aws, args: [eks, get-token]}", "exec"),
        ("auth-provider: {name: gcp}", "auth-provider"),
        ("username: alice, password: s3cret", "username"),
        ("token: t, as: admin", "as"),
    ];
    for (user, key) in users {
        let problem = format!("has a user with `{key}`, {instead}");
        assert_eq!(File::of(CLUSTER, user).read(None), Err(problem));
    }
    let clusters = [
        (
            "insecure-skip-tls-verify: true",
            "has `insecure-skip-tls-verify`, with which anyone",
        ),
        (
            "proxy-url: 'http://proxy'",
            "has `proxy-url`, which is not supported",
        ),
    ];
    for (key, problem) in clusters {
        let found = File::of(&format!("{CLUSTER}, {key}"), "token: t").read(None);
        assert!(found.unwrap_err().starts_with(problem));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_error_of_a_broken_file_has_a_reason_and_no_secret() {
    let cases = [
        (File::new("token: [s3cret"), "cannot be parsed"),
        (File::new("s3cret"), "cannot be parsed"),
        (
            File::new("users: [{name: u, user: s3cret}]"),
            "cannot be parsed",
        ),
        (File::new(""), "has no current context; set `context`"),
        (File::new("{}"), "has no current context; set `context`"),
        (
            File::of("certificate-authority: ca.pem", ""),
            "has no `server`",
        ),
        (
            File::of("server: 'https://a', certificate-authority: token", ""),
            "has no certificates of authorities in PEM as `certificate-authority`",
        ),
        (
            File::of("server: 'https://a', certificate-authority-data: '*'", ""),
            "has a `certificate-authority-data` that is not base64",
        ),
        (
            File::of(CLUSTER, "client-certificate: client.pem"),
            "has a client certificate without its key, or a key alone",
        ),
        (
            File::of(
                CLUSTER,
                "client-certificate: client.pem, client-key: ca.pem",
            ),
            "has no private key in PEM as `client-key`",
        ),
        (
            File::of(CLUSTER, "token: \"s3\\ncret\""),
            "has a `token` that is none",
        ),
        (File::of(CLUSTER, "tokenFile: absent"), "cannot read `"),
        (
            File::of("server: 'https://a', tls-server-name: 'a b'", ""),
            "has a `tls-server-name` that is no name",
        ),
    ];
    for (file, problem) in cases {
        let error = file.read(None).unwrap_err();
        assert!(error.starts_with(problem), "{error}, not {problem}");
        assert!(
            !error.contains("s3cret") && !error.contains("s3"),
            "{error}"
        );
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let last = level - 1;
        let items = vec![format!("*a{last}"); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    text.push_str("contexts: *a11\n");
    assert!(
        File::new(&text)
            .read(None)
            .unwrap_err()
            .starts_with("cannot be parsed")
    );
}
