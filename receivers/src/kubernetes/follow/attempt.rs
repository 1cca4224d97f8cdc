//! One list, or one watch.

use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_runtime::outbox::Outbox;
use tokio::time::Instant;

use super::{End, Follower, unless_stopped};
use crate::kubernetes::api::{
    Change, Failure, Freshness, Lines, ListEnd, PageReader, WatchEvent, list_path, next_page_path,
    watch_path,
};
use crate::kubernetes::names::{Portion, Resource, TooManyNames};
use crate::kubernetes::{OBJECT_INVALID, OBJECT_TOO_LARGE};

/// How much longer than a watch lasts it may be silent, at most.
const MARGIN: Duration = Duration::from_secs(15);

/// The most objects of a list, which is more than a cluster has.
const MAX_OBJECTS: usize = 1_000_000;
/// The most pages in a row without an object.
const MAX_EMPTY_PAGES: usize = 100;

impl<R: Resource> Follower<R> {
    /// Lists the resource and returns the version of the list.
    pub(super) async fn list(&mut self, freshness: &Freshness) -> Result<String, End> {
        unless_stopped(&self.way.shutdown, self.resource.ready()).await?;
        self.way.resync.answered();
        let mut names = Portion::new(Timestamp::now());
        self.resource.begin_list();
        let mut objects = 0;
        let mut empty_pages = 0;
        let limit = self.limits.page_size;
        let mut path = list_path(&self.selection, freshness, limit);
        loop {
            let before = objects;
            let page = self.page(&path, &mut names, &mut objects).await?;
            let Some(token) = page.next else {
                let problem = self.resource.end_list(&mut names);
                send(&self.way.out, &mut names).await;
                self.status.listed(objects, problem);
                return Ok(page.version);
            };
            empty_pages = if objects == before {
                empty_pages + 1
            } else {
                0
            };
            let next = next_page_path(&self.selection, limit, &token);
            if next == path || empty_pages > MAX_EMPTY_PAGES || objects > MAX_OBJECTS {
                return Err(Failure::NotTheApi("a list that does not end".to_owned()).into());
            }
            path = next;
        }
    }

    /// Reads a page of a list.
    async fn page(
        &mut self,
        path: &str,
        names: &mut Portion,
        objects: &mut usize,
    ) -> Result<ListEnd, End> {
        let max_item = self.limits.max_object;
        let max_page = max_item as u64 * (self.limits.page_size as u64 + 1);
        let is_metadata = self.selection.is_metadata;
        let list = self.api.list(path, is_metadata, max_page);
        let mut answer = self.unless_stopped(list).await??;
        let mut reader = PageReader::new(max_item);
        while let Some(piece) = self.unless_stopped(answer.piece()).await?? {
            reader.read(&piece, |item| {
                *objects += 1;
                self.add(item, names);
            })?;
            if names.is_full() {
                send(&self.way.out, names).await;
            }
        }
        Ok(reader.end()?)
    }

    /// Adds an item of a list; `None` is one that is too large.
    fn add(&mut self, item: Option<&[u8]>, names: &mut Portion) {
        let object = item.map(serde_json::from_slice::<R::Object>);
        let added = match object {
            Some(Ok(object)) => self.resource.add(object, names),
            Some(Err(_)) => return self.way.out.dropped(OBJECT_INVALID, 1),
            None => Err(TooManyNames),
        };
        if added.is_err() {
            self.way.out.dropped(OBJECT_TOO_LARGE, 1);
        }
    }

    /// Watches the changes after `version`, which advances with them.
    pub(super) async fn watch(&mut self, version: &mut String) -> End {
        match self.changes(version).await {
            Ok(()) => End::Closed,
            Err(end) => end,
        }
    }

    async fn changes(&mut self, version: &mut String) -> Result<(), End> {
        let timeout = self.limits.watch_timeout;
        // Watches that began together end one after the other.
        let lasting = timeout.mul_f64(1.0 - fastrand::f64() / 2.0);
        let path = watch_path(&self.selection, version, lasting);
        let is_metadata = self.selection.is_metadata;
        let silence = timeout + MARGIN.min(timeout / 2);
        let watch = self.api.watch(&path, is_metadata, silence);
        let mut answer = self.unless_stopped(watch).await??;
        self.status.watching();
        self.watching_since = Some(Instant::now());
        let mut lines = Lines::new(self.limits.max_object);
        loop {
            let Self { way, resource, .. } = &mut *self;
            let piece = tokio::select! {
                biased;
                () = way.shutdown.requested() => return Err(End::Stopped),
                () = resource.outdated() => return Err(End::Outdated),
                () = way.resync.requested() => return Err(End::Outdated),
                piece = answer.piece() => piece?,
            };
            let Some(piece) = piece else {
                return Ok(());
            };
            let mut piece = &*piece;
            let mut names = Portion::new(Timestamp::now());
            let read = self.read_lines(&mut piece, &mut lines, version, &mut names);
            send(&self.way.out, &mut names).await;
            read?;
        }
    }

    /// Adds the changes of a piece to `names`.
    fn read_lines(
        &mut self,
        piece: &mut &[u8],
        lines: &mut Lines,
        version: &mut String,
        names: &mut Portion,
    ) -> Result<(), Failure> {
        let max = self.limits.max_object;
        let too_long = |_| Failure::ChangeTooLarge(max);
        while let Some(line) = lines.next(piece).map_err(too_long)? {
            match WatchEvent::<R::Object>::read(&line, version)? {
                WatchEvent::Bookmark => {}
                WatchEvent::Change(change, object) => self.change(change, object, names),
            }
        }
        Ok(())
    }

    fn change(&mut self, change: Change, object: Option<R::Object>, names: &mut Portion) {
        self.status.changed(change);
        let Some(object) = object else {
            self.way.out.dropped(OBJECT_INVALID, 1);
            return;
        };
        let added = match change {
            Change::Added => self.resource.add(object, names),
            Change::Modified => self.resource.change(object, names),
            Change::Deleted => {
                self.resource.remove(object, names);
                Ok(())
            }
        };
        if added.is_err() {
            self.way.out.dropped(OBJECT_TOO_LARGE, 1);
        }
    }
}

/// Sends names, and waits while the pipelines are full. Not to be cancelled.
async fn send(out: &Outbox, names: &mut Portion) {
    if names.is_empty() {
        return;
    }
    let mut batch = out.batch();
    names.take().for_each(|record| batch.push(record));
    out.send(batch).await;
}
