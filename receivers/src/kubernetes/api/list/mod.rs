//! Pages of a list, of which one item is in memory at a time.

mod splitter;

use serde::Deserialize;

use self::splitter::ItemSplitter;
use super::failure::Failure;

/// Reads a page piece by piece.
#[derive(Debug)]
pub(in crate::kubernetes) struct PageReader {
    splitter: ItemSplitter,
}

/// What stands beside the items of a page (`ListMeta` of `meta/v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubernetes) struct ListEnd {
    /// The version of the whole list, from which a watch goes on.
    pub(in crate::kubernetes) version: String,
    /// The token of the next page; `None` after the last one.
    pub(in crate::kubernetes) next: Option<String>,
}

#[derive(Deserialize)]
struct List {
    metadata: Metadata,
}

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
            splitter: ItemSplitter::new(max_item),
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
        mut on_item: impl FnMut(Option<&[u8]>),
    ) -> Result<(), Failure> {
        self.splitter
            .split(piece, &mut on_item)
            .map_err(|error| Failure::NotTheApi(error.to_string()))
    }

    /// Ends the page.
    ///
    /// # Errors
    ///
    /// If it is no page.
    pub(in crate::kubernetes) fn end(self) -> Result<ListEnd, Failure> {
        let list: Result<List, _> = serde_json::from_slice(self.splitter.envelope());
        let Metadata {
            resource_version,
            r#continue,
        } = list
            .map_err(|error| Failure::NotTheApi(error.to_string()))?
            .metadata;
        Ok(ListEnd {
            version: resource_version,
            next: r#continue.filter(|token| !token.is_empty()),
        })
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
    fn items_are_the_same_however_a_page_is_cut_into_pieces() {
        let items = [
            r#"{"a": "]}\"[{\\", "b": [1, [2]], "c": {}}"#,
            r#"{"items": [{"x": 1}]}"#,
            "{}",
            "7",
            r#""a, ]""#,
            "null",
        ];
        let page = format!(
            r#"{{"kind": "PodList", "x": ["items", [1]], "items" : [{}, {},{},{} ,{},{} ],
                "metadata": {{"resourceVersion": "42", "continue": "t\"k"}}}}"#,
            items[0], items[1], items[2], items[3], items[4], items[5]
        );
        let end = ListEnd {
            version: "42".to_owned(),
            next: Some("t\"k".to_owned()),
        };
        let items: Vec<_> = items.iter().map(|item| Some((*item).to_owned())).collect();
        for size in 1..=page.len() {
            let read = read(&page, size).unwrap();
            assert_eq!(read, (items.clone(), end.clone()), "pieces of {size}");
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
    fn an_item_that_is_too_large_is_skipped() {
        let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(1000));
        let page = format!(
            r#"{{"metadata": {{"resourceVersion": "42"}}, "items": [{{"b": 1}}, {large}, {{"c": 2}}]}}"#
        );
        let (items, _) = read(&page, 100).unwrap();
        let small = |text: &str| Some(text.to_owned());
        assert_eq!(items, [small(r#"{"b": 1}"#), None, small(r#"{"c": 2}"#)]);
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        let endless = format!(r#"{{"x": "{}"}}"#, "x".repeat(1 << 20));
        for text in [
            "",
            "{",
            "<html></html>",
            "[]",
            "{}",
            r#"{"metadata": {}, "items": []}"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": [{}"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": []"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": [}]}"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": []} {}"#,
            r#"{"metadata": {"resourceVersion": "1"}, "items": [], "items": [{}]}}"#,
            &endless,
        ] {
            assert!(read(text, 1000).is_err(), "{:.80}", text);
        }
    }
}
