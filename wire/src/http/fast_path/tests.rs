//! Holds the fast path to the registered methods; `tests/http.rs` holds it to the parser.

use super::may_be_head;
use crate::http::line::METHODS;

#[test]
fn every_method_may_begin_a_head() {
    for method in METHODS {
        let line = format!("{method} /");
        assert!(
            may_be_head(*line.as_bytes().first_chunk().unwrap()),
            "{method}"
        );
    }
}
