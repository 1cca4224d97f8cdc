//! Headers with credentials: of the configuration, and of files, which are read when the exporter
//! starts, at each refresh, and when they have changed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName};
use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{MASK, Setting, Shape, Value};
use tidegate_runtime::small_file;

use super::headers::{Headers, header_name, sensitive};
use super::secrets::Secrets;

tidegate_runtime::config_table! {
    /// Basic authentication (RFC 7617).
    #[derive(Clone, Debug)]
    pub(crate) struct BasicAuth {
        /// The user. It must not have a colon.
        #[sample = "\"tidegate\""]
        pub(crate) username: String,
        /// The password. It is never logged; `password_file` keeps it out of the configuration.
        pub(crate) password: Password = Password::default(),
        /// File of the password, which is read again when it has changed.
        #[sample = "\"/run/secrets/otlp-password\""]
        pub(crate) password_file: Option<PathBuf> = None,
    }
}

/// A password, which no output shows.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Password(String);

/// The configuration of all headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) headers: Headers,
    /// Files with the value of a header, by its name.
    pub(crate) header_files: BTreeMap<String, PathBuf>,
    /// File of a bearer token.
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) basic_auth: Option<BasicAuth>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialError {
    #[error("cannot read the {what} file `{}`", .path.display())]
    Read {
        /// What the file has.
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("the token file `{}` does not have one token of printable ASCII without spaces", .0.display())]
    NoToken(PathBuf),
    #[error("the file `{}` does not have one line that is valid in a header", .0.display())]
    NotAHeader(PathBuf),
}

impl Setting for Password {
    fn shape() -> Shape {
        String::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        let shown = if self.0.is_empty() { "" } else { MASK };
        Some(Value::String(shown.to_owned()))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Credentials {
    /// Checks everything but the content of files.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let error = |key, message: String| Err(BuildError { key, message });
        self.headers.to_map()?;
        for name in self.header_files.keys() {
            header_name("header_files", name)?;
            if self.headers.has(name) {
                return error(
                    "header_files",
                    format!("`headers` has `{name}`, too; remove one of them"),
                );
            }
        }
        let names: Vec<_> = self.header_files.keys().map(String::as_str).collect();
        let has_header = self.headers.has(AUTHORIZATION.as_str())
            || names
                .iter()
                .any(|name| AUTHORIZATION.as_str().eq_ignore_ascii_case(name));
        let keys = [
            ("basic_auth", self.basic_auth.is_some()),
            ("token_file", self.token_file.is_some()),
        ];
        let mut given = keys.into_iter().filter(|(_, is_given)| *is_given);
        match (given.next(), given.next(), has_header) {
            (Some((key, _)), None, true) => {
                return error(
                    key,
                    "`headers` has `authorization`, too; remove one of them".to_owned(),
                );
            }
            (Some((key, _)), Some((other, _)), _) => {
                return error(
                    key,
                    format!("`{other}` sets the header `authorization`, too; remove one of them"),
                );
            }
            _ => {}
        }
        self.basic_auth.as_ref().map_or(Ok(()), BasicAuth::check)
    }

    /// The header of a credential, if there is one.
    pub(crate) fn credential(&self) -> Option<&str> {
        let has_authorization = self.token_file.is_some() || self.basic_auth.is_some();
        let of_file = self.header_files.keys().next().map(String::as_str);
        let of_configuration = self.headers.credential();
        of_configuration
            .or(of_file)
            .or(has_authorization.then_some("authorization"))
    }

    /// The files that it names.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let basic = self.basic_auth.as_ref();
        let password = basic.and_then(|basic| basic.password_file.as_ref());
        let files = self.token_file.iter().chain(self.header_files.values());
        files.chain(password).map(PathBuf::as_path)
    }

    /// Reads the files, which may block, and returns the headers of all requests. What no output
    /// shows is added to `secrets`.
    pub(super) fn read(&self, secrets: &Secrets) -> Result<HeaderMap, CredentialError> {
        // The names and values were checked.
        let mut headers = self.headers.to_map().unwrap_or_default();
        let mut read = Vec::new();
        for (name, path) in &self.header_files {
            let text = read_line("header", path)?;
            let value =
                sensitive(&text).ok_or_else(|| CredentialError::NotAHeader(path.clone()))?;
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                headers.insert(name, value);
            }
            read.push(text);
        }
        if let Some(path) = &self.token_file {
            let token = read_line("token", path)?;
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(CredentialError::NoToken(path.clone()));
            }
            headers
                .extend(sensitive(&format!("Bearer {token}")).map(|value| (AUTHORIZATION, value)));
            read.push(token);
        }
        if let Some(basic) = &self.basic_auth {
            let password = match &basic.password_file {
                Some(path) => read_line("password", path)?,
                None => basic.password.0.clone(),
            };
            let encoded = STANDARD.encode(format!("{}:{password}", basic.username));
            headers
                .extend(sensitive(&format!("Basic {encoded}")).map(|value| (AUTHORIZATION, value)));
            read.extend([password, encoded]);
        }
        secrets.set_of_files(read.iter().map(String::as_str));
        Ok(headers)
    }
}

impl BasicAuth {
    fn check(&self) -> Result<(), BuildError> {
        let error = |message: &str| {
            Err(BuildError {
                key: "basic_auth",
                message: message.to_owned(),
            })
        };
        if self.username.contains(':') {
            return error("`username` must not have a colon, which ends it");
        }
        match (self.password.0.is_empty(), &self.password_file) {
            (true, None) => error("`password` or `password_file` is needed"),
            (false, Some(_)) => {
                error("`password` and `password_file` are both given; remove one of them")
            }
            _ => Ok(()),
        }
    }
}

/// Reads a file without the white space around its text.
fn read_line(what: &'static str, path: &Path) -> Result<String, CredentialError> {
    let text = small_file::read_text(path).map_err(|source| CredentialError::Read {
        what,
        path: path.to_owned(),
        source,
    })?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(credentials: &Credentials) -> Result<String, String> {
        let headers = credentials
            .read(&Secrets::default())
            .map_err(|error| error.to_string())?;
        Ok(headers[AUTHORIZATION].to_str().unwrap().to_owned())
    }

    #[test]
    fn a_file_has_one_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let credentials = Credentials {
            token_file: Some(path.clone()),
            ..Credentials::default()
        };
        for (text, expected) in [
            ("abc\n", Some("Bearer abc")),
            (" abc", Some("Bearer abc")),
            ("", None),
            ("\n", None),
            ("abc\ndef\n", None),
            ("ab c", None),
            ("äbc", None),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(
                authorization(&credentials).ok().as_deref(),
                expected,
                "{text:?}"
            );
        }
        std::fs::remove_file(&path).unwrap();
        let error = authorization(&credentials).unwrap_err();
        assert!(error.starts_with("cannot read the token file"), "{error}");
    }

    #[test]
    fn basic_authentication_has_the_password_of_the_configuration_or_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "open sesame\n").unwrap();
        let mut basic_auth = BasicAuth {
            username: "Aladdin".to_owned(),
            password: Password("open sesame".to_owned()),
            password_file: None,
        };
        let of = |basic_auth: &BasicAuth| Credentials {
            basic_auth: Some(basic_auth.clone()),
            ..Credentials::default()
        };
        let expected = Ok("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned());
        assert_eq!(authorization(&of(&basic_auth)), expected);
        basic_auth.password_file = Some(path);
        assert!(of(&basic_auth).check().is_err());
        basic_auth.password = Password::default();
        assert_eq!(authorization(&of(&basic_auth)), expected);
        assert!(of(&basic_auth).check().is_ok());
        basic_auth.username = "Ala:ddin".to_owned();
        assert!(of(&basic_auth).check().is_err());
    }

    #[test]
    fn a_header_of_a_file_is_sent_and_its_value_is_masked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "0123456789\n").unwrap();
        let credentials = Credentials {
            header_files: [("X-Api-Key".to_owned(), path.clone())].into(),
            ..Credentials::default()
        };
        let secrets = Secrets::default();
        let headers = credentials.read(&secrets).unwrap();
        assert_eq!(headers["x-api-key"], "0123456789");
        assert_eq!(secrets.mask("no 0123456789".to_owned()), "no ***");
        std::fs::write(&path, "two\nlines\n").unwrap();
        let error = credentials.read(&secrets).unwrap_err().to_string();
        assert!(error.contains("one line that is valid"), "{error}");
    }
}
