//! What a head says.

/// The head of a request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<'a> {
    /// The start line.
    pub start: StartLine<'a>,
    /// The headers that were captured whole, in order.
    pub headers: Vec<Header<'a>>,
    /// Whether all headers are here.
    pub complete: bool,
}

/// The first line of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// A request's.
    Request {
        /// The method.
        method: &'a str,
        /// The target as sent: a path, a URL, an authority or `*`.
        target: &'a str,
        /// 0 or 1, of HTTP/1.
        minor_version: u8,
    },
    /// A response's.
    Response {
        /// 0 or 1, of HTTP/1.
        minor_version: u8,
        /// The status code.
        status: u16,
    },
}

impl StartLine<'_> {
    /// `HTTP/1.0` or `HTTP/1.1`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        match self {
            Self::Request { minor_version: 0, .. } | Self::Response { minor_version: 0, .. } => "HTTP/1.0",
            _ => "HTTP/1.1",
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
    /// Whether this is its name, in any case.
    #[must_use]
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        // Mostly it is written as everybody writes it, which is found out faster.
        self.name.len() == name.len() && (self.name == name || self.name.eq_ignore_ascii_case(name))
    }
}

impl<'a> Head<'a> {
    /// The value of the first header of that name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut headers = self.headers.iter();
        let header = headers.find(|header| header.is(name))?;
        Some(header.value)
    }

    /// The host that a request names, if it is text.
    #[must_use]
    pub fn host(&self) -> Option<&'a str> {
        std::str::from_utf8(self.header("Host")?).ok()
    }
}
