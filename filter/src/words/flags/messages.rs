//! Filters of HTTP and DNS messages.

use super::super::flag::Effect::Field;
use super::super::flag::Flag;
use super::super::values::{self, add, push};

pub(super) const FLAGS: &[Flag] = &[
    Flag::new(
        "http-status",
        "STATUS",
        "HTTP status code, or its first digits, such as 404 or 5+",
        Field(|f, v| push(&mut f.http_status_code, v)),
    ),
    Flag::new(
        "http-method",
        "METHOD",
        "HTTP method in any case, such as get",
        Field(|f, v| push(&mut f.http_method, v)),
    ),
    Flag::new(
        "http-path",
        "REGEX",
        "Regular expression of the path in an HTTP URL, such as /page/\\d+",
        Field(|f, v| push(&mut f.http_path, v)),
    ),
    Flag::new(
        "http-url",
        "REGEX",
        "Regular expression of the HTTP URL, such as http://.*example\\.com/page/\\d+",
        Field(|f, v| push(&mut f.http_url, v)),
    ),
    Flag::new(
        "http-header",
        "NAME:VALUE",
        "HTTP header, such as foo:bar",
        Field(|f, v| add(&mut f.http_header, values::http_header(v))),
    ),
];
