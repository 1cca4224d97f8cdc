//! Pages of a list, of which one item is in memory at a time.

use serde::Deserialize;

use super::failure::Failure;
use crate::json::{ElementReader, SplitError, Splitter};

/// Reads a page piece by piece.
#[derive(Debug)]
pub(in crate::kubernetes) struct PageReader {
    splitter: Splitter,
    end: Option<ListEnd>,
}

/// What stands beside the items of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubernetes) struct ListEnd {
    /// The version of the whole list, from which a watch goes on.
    pub(in crate::kubernetes) version: String,
    /// The token of the next page; `None` after the last one.
    pub(in crate::kubernetes) next: Option<String>,
}

/// `ListMeta` of `meta/v1`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
    r#continue: Option<String>,
}

impl PageReader {
    /// A page whose items have at most `max_item` bytes each.
    pub(in crate::kubernetes) fn new(max_item: usize) -> Self {
        Self {
            splitter: Splitter::object("items", &["metadata"], max_item),
            end: None,
        }
    }

    /// Reads a piece, and calls `on_item` with each item that ends in it; with `None` for one that
    /// is too large.
    ///
    /// # Errors
    ///
    /// If it is no page.
    pub(in crate::kubernetes) fn read(
        &mut self,
        piece: &[u8],
        on_item: impl FnMut(Option<&[u8]>),
    ) -> Result<(), Failure> {
        let end = &mut self.end;
        let mut items = Items { on_item, end };
        let pushed = self.splitter.push(piece, &mut items);
        pushed.map_err(no_page)
    }

    /// Ends the page.
    ///
    /// # Errors
    ///
    /// If it is no page.
    pub(in crate::kubernetes) fn end(mut self) -> Result<ListEnd, Failure> {
        self.splitter.finish().map_err(no_page)?;
        let missing = || Failure::NotTheApi("a list without `metadata.resourceVersion`".to_owned());
        self.end.ok_or_else(missing)
    }
}

fn no_page(error: SplitError) -> Failure {
    Failure::NotTheApi(error.to_string())
}

struct Items<'e, F> {
    on_item: F,
    end: &'e mut Option<ListEnd>,
}

impl<F: FnMut(Option<&[u8]>)> ElementReader for Items<'_, F> {
    fn read(&mut self, json: &[u8]) {
        (self.on_item)(Some(json));
    }

    fn too_large(&mut self) {
        (self.on_item)(None);
    }

    fn field(&mut self, _: &'static str, json: &[u8]) {
        let metadata = serde_json::from_slice(json).ok();
        *self.end = metadata.map(|metadata: Metadata| ListEnd {
            version: metadata.resource_version,
            next: metadata.r#continue.filter(|token| !token.is_empty()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str, size: usize) -> Result<(Vec<Option<String>>, ListEnd), String> {
        let mut reader = PageReader::new(60);
        let mut items = Vec::new();
        for piece in page.as_bytes().chunks(size) {
            let text = |item: &[u8]| String::from_utf8(item.to_vec()).unwrap();
            let read = reader.read(piece, |item| items.push(item.map(text)));
            read.map_err(|failure| failure.to_string())?;
        }
        let end = reader.end().map_err(|failure| failure.to_string())?;
        Ok((items, end))
    }

    #[test]
    fn a_page_has_items_a_version_and_the_token_of_the_next_page_in_any_order() {
        let metadata =
            r#""metadata": {"resourceVersion": "42", "continue": "t\"k", "remainingItemCount": 7}"#;
        let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(1000));
        let items = format!(r#""items": [{{"a": {{}}}}, {large}, {{"items": [1]}}]"#);
        let end = ListEnd {
            version: "42".to_owned(),
            next: Some("t\"k".to_owned()),
        };
        let found = vec![
            Some(r#"{"a": {}}"#.to_owned()),
            None,
            Some(r#"{"items": [1]}"#.to_owned()),
        ];
        for parts in [[metadata, &items], [&items, metadata]] {
            let page = format!(r#"{{"kind": "PodList", {}, {}}}"#, parts[0], parts[1]);
            for size in [1, 2, 7, 100, page.len()] {
                assert_eq!(
                    read(&page, size),
                    Ok((found.clone(), end.clone())),
                    "{size}"
                );
            }
        }
    }

    #[test]
    fn a_list_without_items_and_without_a_next_page_is_complete() {
        for items in [r#""items": [], "#, r#""items": null, "#, ""] {
            let page =
                format!(r#"{{{items}"metadata": {{"resourceVersion": "42", "continue": ""}}}}"#);
            let (items, end) = read(&page, 7).unwrap();
            assert_eq!((items.len(), end.next), (0, None));
        }
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        for text in [
            "",
            "<html></html>",
            "[]",
            "{}",
            r#"{"metadata": {}, "items": []}"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": [{}"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": []"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": []} {}"#,
        ] {
            assert!(read(text, 1000).is_err(), "{text}");
        }
    }
}
