//! Heads and their parts.

/// The head of a request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<'a> {
    /// The start line.
    pub start: StartLine<'a>,
    /// The well-formed headers that were captured completely, in order.
    pub headers: Vec<Header<'a>>,
    /// The length of the head in the payload, including the empty line after the headers; `None` if
    /// that was not captured, or if there are too many headers.
    pub len: Option<usize>,
    /// Number of header lines that were skipped: folded over several lines, without a colon, with a
    /// space in or after the name, or with a control byte.
    pub bad_headers: u32,
    /// Whether the headers that determine the end of the message are complete and well formed.
    pub(super) is_framing_clear: bool,
}

/// The first line of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// The start line of a request.
    Request {
        /// The method as sent.
        method: &'a str,
        /// The target as sent: a path, a URL, an authority or `*`. Not always UTF-8.
        target: &'a [u8],
        /// 0 or 1, of HTTP/1.
        minor_version: u8,
    },
    /// The start line of a response.
    Response {
        /// 0 or 1, of HTTP/1.
        minor_version: u8,
        /// The status code, 100 to 999.
        status: u16,
    },
}

impl StartLine<'_> {
    /// `HTTP/1.0` or `HTTP/1.1`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        if self.minor_version() == 0 {
            "HTTP/1.0"
        } else {
            "HTTP/1.1"
        }
    }

    pub(super) fn minor_version(&self) -> u8 {
        match *self {
            Self::Request { minor_version, .. } | Self::Response { minor_version, .. } => {
                minor_version
            }
        }
    }
}

/// One header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as sent.
    pub name: &'a str,
    /// The value without surrounding white space.
    pub value: &'a [u8],
}

impl Header<'_> {
    /// Whether the header has this name. Case is ignored.
    #[must_use]
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        // Comparing equal spellings is faster.
        self.name.len() == name.len() && (self.name == name || self.name.eq_ignore_ascii_case(name))
    }
}

impl<'a> Head<'a> {
    /// Whether the head was captured completely.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.len.is_some()
    }

    /// The value of the first header with this name. Case is ignored.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// The values of the headers with this name. Case is ignored.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |header| header.is(name))
            .map(|header| header.value)
    }

    /// The value of `Host`, if there is one, it is not ambiguous and it is UTF-8.
    #[must_use]
    pub fn host(&self) -> Option<&'a str> {
        let mut hosts = self.values("Host");
        let host = hosts.next().filter(|host| !host.is_empty())?;
        if hosts.all(|other| other == host) {
            std::str::from_utf8(host).ok()
        } else {
            None
        }
    }
}
