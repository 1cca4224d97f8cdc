//! What every listener answers apart from its pages: the list of them at `/`, and errors that say
//! what to do.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::http::header::{
    ACCEPT, ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

/// The methods of every page.
const METHODS: &str = "GET, HEAD";

/// The style of the list in a browser; it needs no other file.
const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;margin:2rem;color:#222}\
td{padding-right:2rem;vertical-align:top}a{font-family:monospace}\
@media(prefers-color-scheme:dark){body{background:#1c1c1c;color:#ddd}a{color:#8cf}}";

/// A page in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path.
    pub path: Cow<'static, str>,
    /// What it shows, in a line.
    pub about: &'static str,
}

/// The list of the pages of a listener.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// The heading.
    pub title: Cow<'static, str>,
    /// The pages.
    pub pages: Vec<Page>,
    /// A line below them, such as where other pages are; empty for none.
    pub note: &'static str,
}

impl Index {
    /// The list as HTML for browsers, and as text for other clients.
    #[must_use]
    pub fn respond(&self, headers: &HeaderMap) -> Response {
        let (content_type, body) = match accepts_html(headers) {
            true => ("text/html; charset=utf-8", self.html()),
            false => ("text/plain; charset=utf-8", self.text()),
        };
        let headers = [
            (CONTENT_TYPE, content_type),
            (VARY, "Accept"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'",
            ),
        ];
        (headers, body).into_response()
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.title);
        let width = self.pages.iter().map(|page| page.path.len()).max();
        let width = width.unwrap_or(0);
        for Page { path, about } in &self.pages {
            let _ = writeln!(text, "{path:width$}  {about}");
        }
        if !self.note.is_empty() {
            let _ = writeln!(text, "\n{}", self.note);
        }
        text
    }

    fn html(&self) -> String {
        let title = escape(&self.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<h1>{title}</h1>\n<table>\n"
        );
        for Page { path, about } in &self.pages {
            let path = escape(path);
            let _ = writeln!(
                html,
                "<tr><td><a href=\"{path}\">{path}</a><td>{}",
                escape(about)
            );
        }
        html.push_str("</table>\n");
        if !self.note.is_empty() {
            let _ = writeln!(html, "<p>{}", escape(self.note));
        }
        html
    }
}

/// Whether a request only reads, which is all that any page allows.
#[must_use]
pub fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The answer to a request with another method.
#[must_use]
pub fn method_not_allowed(method: &Method) -> Response {
    let text = format!("{method} is not allowed; the methods are {METHODS}\n");
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, METHODS)], text).into_response()
}

/// The answer to a request for a page that does not exist.
#[must_use]
pub fn not_found() -> Response {
    let text = "there is no such page; `/` lists the pages\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

/// Whether the client asks for HTML by name, as browsers do and `curl` does not.
fn accepts_html(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim());
    ranges.any(|range| range.eq_ignore_ascii_case("text/html"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCEPT, ALLOW};
    use axum::http::{HeaderMap, HeaderValue, Method};

    use super::{Index, Page, accepts_html, method_not_allowed};

    fn index() -> Index {
        let page = |path: &'static str, about| Page {
            path: path.into(),
            about,
        };
        Index {
            title: "a <b>".into(),
            pages: vec![page("/metrics", "metrics"), page("/a?b=c&d=e", "\"a\"")],
            note: "the rest is elsewhere",
        }
    }

    #[test]
    fn the_list_is_a_table_in_text_and_in_html() {
        assert_eq!(
            index().text(),
            "a <b>\n\n/metrics    metrics\n/a?b=c&d=e  \"a\"\n\nthe rest is elsewhere\n"
        );
        let html = index().html();
        for part in [
            "<title>a &lt;b&gt;</title>",
            "<tr><td><a href=\"/metrics\">/metrics</a><td>metrics\n",
            "<a href=\"/a?b=c&amp;d=e\">/a?b=c&amp;d=e</a><td>&quot;a&quot;\n",
            "<p>the rest is elsewhere\n",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(!html.contains("http"), "no other file is needed: {html}");
    }

    #[test]
    fn browsers_get_html_and_other_clients_text() {
        let accepts = |value: &'static str| {
            let header = (ACCEPT, HeaderValue::from_static(value));
            accepts_html(&[header].into_iter().collect::<HeaderMap>())
        };
        assert!(accepts("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(accepts("application/json, Text/HTML;q=0.9"));
        for other in ["*/*", "text/plain", "text/*", ""] {
            assert!(!accepts(other), "{other}");
        }
        assert!(!accepts_html(&HeaderMap::new()));
    }

    #[test]
    fn a_method_that_is_not_allowed_is_answered_with_those_that_are() {
        let response = method_not_allowed(&Method::POST);
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()[ALLOW], "GET, HEAD");
    }
}
