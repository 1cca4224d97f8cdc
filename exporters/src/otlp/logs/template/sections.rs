//! A part of a log record that was encoded before.

/// Sections are copied in blocks of this size, which is faster than copying exact lengths.
const BLOCK: usize = 64;

/// Encoded bytes in `N` sections, each for a different position in a record.
#[derive(Debug)]
pub(crate) struct Template<const N: usize> {
    /// The sections, followed by a block of padding.
    bytes: Vec<u8>,
    /// Where each section ends.
    ends: [u32; N],
}

impl<const N: usize> Template<N> {
    /// A template without sections.
    pub(super) const EMPTY: Self = Self {
        bytes: Vec::new(),
        ends: [0; N],
    };

    /// Replaces the content with the sections that `build` adds. Reuses the memory.
    pub(super) fn rebuild(&mut self, build: impl FnOnce(&mut Self)) {
        self.bytes.clear();
        self.ends = [0; N];
        build(self);
        self.bytes.extend_from_slice(&[0; BLOCK]);
    }

    /// Appends a section with `write`. Sections are added in ascending order.
    pub(super) fn add_section(&mut self, section: usize, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        // Records come from frames, whose size is limited far below 4 GiB.
        self.ends[section..].fill(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    /// Frees unused memory.
    pub(super) fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Returns the bytes of allocated memory.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Returns the bytes of all sections.
    pub(super) fn len(&self) -> usize {
        self.ends[N - 1] as usize
    }

    /// Returns the bytes of a section; 0 if it was not added.
    #[inline]
    pub(crate) fn section_len(&self, section: usize) -> usize {
        self.ends[section] as usize - self.section_start(section)
    }

    /// Appends a section to `out`; nothing if it was not added.
    #[inline]
    pub(crate) fn copy_section(&self, section: usize, out: &mut Vec<u8>) {
        self.copy_sections(section, section, out);
    }

    /// Appends adjacent sections to `out`, in one copy.
    #[inline]
    pub(crate) fn copy_sections(&self, first: usize, last: usize, out: &mut Vec<u8>) {
        let start = self.section_start(first);
        let end = out.len() + (self.ends[last] as usize - start);
        for block in self.bytes[start..].as_chunks::<BLOCK>().0 {
            out.extend_from_slice(block);
            if out.len() >= end {
                break;
            }
        }
        out.truncate(end);
    }

    #[inline]
    fn section_start(&self, section: usize) -> usize {
        if section == 0 {
            0
        } else {
            self.ends[section - 1] as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Template};

    fn section<const N: usize>(template: &Template<N>, section: usize) -> Vec<u8> {
        let mut out = b"before".to_vec();
        template.copy_section(section, &mut out);
        out.split_off(6)
    }

    #[test]
    fn a_template_has_the_sections_that_were_added() {
        let mut template: Template<3> = Template::EMPTY;
        template.rebuild(|template| {
            template.add_section(0, |out| out.extend_from_slice(b"ab"));
            template.add_section(2, |out| out.extend_from_slice(b"c"));
        });
        assert_eq!(
            [
                section(&template, 0),
                section(&template, 1),
                section(&template, 2)
            ],
            [&b"ab"[..], b"", b"c"]
        );
        assert_eq!(template.len(), 3);
        template.rebuild(|_| {});
        assert_eq!([section(&template, 0), section(&template, 2)], [b"", b""]);
    }

    #[test]
    fn sections_of_any_length_are_copied() {
        let mut template: Template<2> = Template::EMPTY;
        for len in 0..=4 * BLOCK {
            let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
            template.rebuild(|template| {
                (0..2).for_each(|section| {
                    template.add_section(section, |out| out.extend_from_slice(&bytes));
                })
            });
            assert_eq!(
                [section(&template, 0), section(&template, 1)],
                [&*bytes, &*bytes]
            );
        }
    }
}
