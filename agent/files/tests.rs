//! Files of a configuration, and what is said about them, to the letter.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_wire::recording;
use tokio_rustls::rustls::pki_types::UnixTime;

use super::read::unreadable;
use super::{check, count};
use crate::config::{Problems, Registry, Source, load};

/// A folder with every file that [`CONFIG`] names.
struct Files {
    folder: TempDir,
}

const CONFIG: &str = r#"[receivers.replay]
file = "${env:DIR}/node.rec"
[processors]
cilium_decode = {}
l34_flow = {}
[exporters.otlp]
endpoint = "https://collector:4317"
tls.ca_file = "${env:DIR}/ca.pem"
tls.cert_file = "${env:DIR}/client.pem"
tls.key_file = "${env:DIR}/client.key"
[service.pipelines.flows]
receivers = ["replay"]
processors = ["cilium_decode", "l34_flow"]
exporters = ["otlp"]
[service.telemetry.admin]
listen = "127.0.0.1:9465"
token_file = "${env:DIR}/tokens"
tls.cert_file = "${env:DIR}/server.pem"
tls.key_file = "${env:DIR}/server.key"
tls.client_ca_file = "${env:DIR}/ca.pem"
"#;

/// The certificates are valid from 2026-11-30 09:56 to 2126-11-06 09:56.
fn at(time: &str) -> UnixTime {
    let timestamp: Timestamp = time.parse().unwrap();
    let seconds = u64::try_from(timestamp.as_second()).unwrap();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tls");
    folder.join(name)
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Self { folder };
        for name in [
            "ca.pem",
            "client.pem",
            "client.key",
            "server.pem",
            "server.key",
        ] {
            files.write(name, fs::read(golden(name)).unwrap());
        }
        files.write("tokens", "0123456789abcdef\n");
        files.write("node.rec", recording::header());
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
        self.set_mode(name, 0o600);
    }

    fn copy(&self, from: &str, to: &str) {
        self.write(to, fs::read(golden(from)).unwrap());
    }

    fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn said_at(&self, now: &str) -> String {
        let source = Source {
            name: "pipeline.toml".to_owned(),
            text: CONFIG.to_owned(),
        };
        let folder = self.folder.path().to_str().unwrap().to_owned();
        let environment = |name: &str| (name == "DIR").then(|| folder.clone());
        let registry = &Registry::BUILT_IN;
        let telemetry = Telemetry::default();
        let mut problems = Problems::default();
        let loaded = load(
            &source,
            registry,
            &environment,
            telemetry,
            &mut problems,
            |_| {},
        );
        let (config, _) =
            loaded.unwrap_or_else(|| panic!("{}", problems.clone().render(&source, false)));
        assert_eq!(count(&config), 8);
        check(&config, at(now), &mut problems);
        let said = problems.render(&source, false);
        said.replace(self.folder.path().to_str().unwrap(), "DIR")
    }

    fn says(&self, expected: &str) {
        let said = self.said_at("2026-12-24T00:00:00Z");
        assert_eq!(said.trim(), expected.trim(), "\n--- was:\n{said}\n---");
    }
}

#[test]
fn good_files_pass() {
    Files::new().says("");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn files_that_are_not_there_or_hold_something_else() {
    let files = Files::new();
    fs::remove_file(files.path("node.rec")).unwrap();
    files.copy("client.key", "ca.pem");
    files.copy("client.pem", "client.key");
    fs::remove_file(files.path("client.pem")).unwrap();
    fs::create_dir(files.path("client.pem")).unwrap();
    files.write("tokens", "one two\n");
    files.write("server.pem", [0x30, 0x82, 1, 0]);
    files.write(
        "server.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    files.says(
        r#"
error: the file of `receivers.replay.file` cannot be read
 --> pipeline.toml:2:8
  |
2 | file = "${env:DIR}/node.rec"
  |        ^^^^^^^^^^^^^^^^^^^^^ there is no such file

error: the file of `exporters.otlp.tls.ca_file` has no certificate
 --> pipeline.toml:8:15
  |
8 | tls.ca_file = "${env:DIR}/ca.pem"
  |               ^^^^^^^^^^^^^^^^^^^ it has a private key

error: the file of `exporters.otlp.tls.cert_file` cannot be read
 --> pipeline.toml:9:17
  |
9 | tls.cert_file = "${env:DIR}/client.pem"
  |                 ^^^^^^^^^^^^^^^^^^^^^^^ it is a directory

error: the file of `exporters.otlp.tls.key_file` has no private key
  --> pipeline.toml:10:16
   |
10 | tls.key_file = "${env:DIR}/client.key"
   |                ^^^^^^^^^^^^^^^^^^^^^^^ it has a certificate

error: the file of `service.telemetry.admin.token_file` has an invalid token
  --> pipeline.toml:17:14
   |
17 | token_file = "${env:DIR}/tokens"
   |              ^^^^^^^^^^^^^^^^^^^ line 1: a token is printable ASCII without spaces

error: the file of `service.telemetry.admin.tls.cert_file` has no certificate
  --> pipeline.toml:18:17
   |
18 | tls.cert_file = "${env:DIR}/server.pem"
   |                 ^^^^^^^^^^^^^^^^^^^^^^^ it is DER, not PEM
   |
   = help: convert it with `openssl x509 -inform der`

error: the file of `service.telemetry.admin.tls.key_file` has no private key
  --> pipeline.toml:19:16
   |
19 | tls.key_file = "${env:DIR}/server.key"
   |                ^^^^^^^^^^^^^^^^^^^^^^^ it is encrypted
   |
   = help: decrypt it with `openssl pkey -in FILE -out FILE`, and limit who can read it

error: the file of `service.telemetry.admin.tls.client_ca_file` has no certificate
  --> pipeline.toml:20:22
   |
20 | tls.client_ca_file = "${env:DIR}/ca.pem"
   |                      ^^^^^^^^^^^^^^^^^^^ it has a private key

pipeline.toml: 8 errors
"#,
    );
}

#[test]
fn a_key_that_belongs_to_another_certificate() {
    let files = Files::new();
    files.copy("server.key", "client.key");
    files.says(
        r#"
error: the file of `exporters.otlp.tls.cert_file` does not belong to its key
 --> pipeline.toml:9:17
  |
9 | tls.cert_file = "${env:DIR}/client.pem"
  |                 ^^^^^^^^^^^^^^^^^^^^^^^ the first certificate
  |
  = note: the key in DIR/client.key is another one

pipeline.toml: 1 error
"#,
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a file and its messages")]
fn empty_and_broken_files() {
    let files = Files::new();
    files.write("node.rec", "");
    files.write("ca.pem", "");
    files.write(
        "client.pem",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    );
    files.write(
        "client.key",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
    );
    files.write(
        "server.pem",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    );
    files.write("server.key", "");
    files.write("tokens", "\n\n");
    files.says(
        r#"
warning[doubtful_recording]: the file of `receivers.replay.file` has no events
 --> pipeline.toml:2:8
  |
2 | file = "${env:DIR}/node.rec"
  |        ^^^^^^^^^^^^^^^^^^^^^ the file is empty

error: the file of `exporters.otlp.tls.ca_file` has no certificate
 --> pipeline.toml:8:15
  |
8 | tls.ca_file = "${env:DIR}/ca.pem"
  |               ^^^^^^^^^^^^^^^^^^^ the file is empty

error: the file of `exporters.otlp.tls.cert_file` has no certificate
 --> pipeline.toml:9:17
  |
9 | tls.cert_file = "${env:DIR}/client.pem"
  |                 ^^^^^^^^^^^^^^^^^^^^^^^ this is not PEM: base64 decode error: InvalidCharacter(33)

error: the file of `exporters.otlp.tls.key_file` has a key that cannot be used
  --> pipeline.toml:10:16
   |
10 | tls.key_file = "${env:DIR}/client.key"
   |                ^^^^^^^^^^^^^^^^^^^^^^^ it is damaged, or of an unsupported kind
   |
   = note: keys can be RSA of 2048 bits or more, ECDSA of P-256 or P-384, or Ed25519

error: the file of `service.telemetry.admin.token_file` has no token
  --> pipeline.toml:17:14
   |
17 | token_file = "${env:DIR}/tokens"
   |              ^^^^^^^^^^^^^^^^^^^ every line of it is empty

error: the file of `service.telemetry.admin.tls.cert_file` has a certificate that cannot be used
  --> pipeline.toml:18:17
   |
18 | tls.cert_file = "${env:DIR}/server.pem"
   |                 ^^^^^^^^^^^^^^^^^^^^^^^ certificate 1 cannot be parsed (BadDer)

error: the file of `service.telemetry.admin.tls.key_file` has no private key
  --> pipeline.toml:19:16
   |
19 | tls.key_file = "${env:DIR}/server.key"
   |                ^^^^^^^^^^^^^^^^^^^^^^^ the file is empty

error: the file of `service.telemetry.admin.tls.client_ca_file` has no certificate
  --> pipeline.toml:20:22
   |
20 | tls.client_ca_file = "${env:DIR}/ca.pem"
   |                      ^^^^^^^^^^^^^^^^^^^ the file is empty

pipeline.toml: 7 errors, 1 warning
"#,
    );
}

#[test]
fn a_certificate_is_valid_from_its_beginning_to_its_end() {
    let files = Files::new();
    assert_eq!(files.said_at("2126-10-20T00:00:00Z"), "");
    for (now, severity, text) in [
        (
            "2026-11-30T00:00:00Z",
            "error: ",
            "it is valid from 2026-11-30 09:56 UTC; is the clock right?",
        ),
        (
            "2126-10-24T00:00:00Z",
            "warning[certificate_expires_soon]: ",
            "it expires on 2126-11-06 09:56 UTC",
        ),
        (
            "2126-11-07T00:00:00Z",
            "error: ",
            "it expired on 2126-11-06 09:56 UTC",
        ),
    ] {
        let said = files.said_at(now);
        assert_eq!(said.matches(severity).count(), 4, "{said}");
        assert_eq!(said.matches(text).count(), 4, "{said}");
    }
}

#[test]
fn authorities_may_have_expired_beside_their_successors() {
    let files = Files::new();
    let [ca, other] = ["ca.pem", "client.pem"].map(|name| fs::read(golden(name)).unwrap());
    files.write("ca.pem", [ca, other].concat());
    files.says(
        r#"
warning[not_an_authority]: the file of `exporters.otlp.tls.ca_file` has a certificate that cannot sign others
 --> pipeline.toml:8:15
  |
8 | tls.ca_file = "${env:DIR}/ca.pem"
  |               ^^^^^^^^^^^^^^^^^^^ certificate 2 is not an authority's
  |
  = help: name the certificate of the authority that signed it

warning[not_an_authority]: the file of `service.telemetry.admin.tls.client_ca_file` has a certificate that cannot sign others
  --> pipeline.toml:20:22
   |
20 | tls.client_ca_file = "${env:DIR}/ca.pem"
   |                      ^^^^^^^^^^^^^^^^^^^ certificate 2 is not an authority's
   |
   = help: name the certificate of the authority that signed it

pipeline.toml: 2 warnings
"#,
    );
}

#[test]
fn secrets_that_every_user_can_read() {
    let files = Files::new();
    for name in ["client.key", "tokens", "client.pem"] {
        files.set_mode(name, 0o644);
    }
    files.set_mode("server.key", 0o640);
    // Nobody else can enter the folder.
    files.set_mode("", 0o700);
    files.says("");
    files.set_mode("", 0o755);
    files.says(
        r#"
warning[readable_secret]: the file of `exporters.otlp.tls.key_file` can be read by every user of the host
  --> pipeline.toml:10:16
   |
10 | tls.key_file = "${env:DIR}/client.key"
   |                ^^^^^^^^^^^^^^^^^^^^^^^ mode 0644
   |
   = help: `chmod o= DIR/client.key`

warning[readable_secret]: the file of `service.telemetry.admin.token_file` can be read by every user of the host
  --> pipeline.toml:17:14
   |
17 | token_file = "${env:DIR}/tokens"
   |              ^^^^^^^^^^^^^^^^^^^ mode 0644
   |
   = help: `chmod o= DIR/tokens`

pipeline.toml: 2 warnings
"#,
    );
}

#[test]
fn pipes_are_not_opened() {
    let files = Files::new();
    for name in ["node.rec", "ca.pem", "client.key", "tokens"] {
        fs::remove_file(files.path(name)).unwrap();
        mkfifo(&files.path(name), Mode::S_IRUSR).unwrap();
    }
    files.says("");
}

#[test]
fn a_recording_can_be_no_socket_and_no_text() {
    let files = Files::new();
    files.write("node.rec", "hello\n");
    files.says(
        r#"
error: the file of `receivers.replay.file` cannot be played
 --> pipeline.toml:2:8
  |
2 | file = "${env:DIR}/node.rec"
  |        ^^^^^^^^^^^^^^^^^^^^^ it is text

pipeline.toml: 1 error
"#,
    );
    files.write("node.rec", [9, 0, 7, 200]);
    let said = files.said_at("2026-12-24T00:00:00Z");
    assert!(said.starts_with("warning[doubtful_recording]: "), "{said}");
    fs::remove_file(files.path("node.rec")).unwrap();
    let _socket = UnixListener::bind(files.path("node.rec")).unwrap();
    assert!(
        files
            .said_at("2026-12-24T00:00:00Z")
            .contains("it is a socket; ")
    );
}

#[test]
fn a_refusal_names_the_user_and_the_owner() {
    let files = Files::new();
    let error = io::Error::from(io::ErrorKind::PermissionDenied);
    let fault = format!("{:?}", unreadable(&error, &files.path("tokens")));
    assert!(fault.contains("\"permission denied\""), "{fault}");
    assert!(
        fault.contains("tidegate runs as user ") && fault.contains("has mode 0600"),
        "{fault}"
    );
}
