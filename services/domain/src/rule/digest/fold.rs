//! Last steps: long lists of values are shown by their first, and long rows of
//! such lists too. Nothing is held back but counts, so that a list of any
//! length takes no memory.

use super::{MAX_LENGTH, is_arithmetic};

/// Values shown of a list.
const VALUES: usize = 3;

/// Lists shown of a row.
const LISTS: usize = 10;

/// A list that was folded.
const FOLDED: &[u8] = b"(?,?,?,...)";

/// Folds the values within parentheses.
pub(super) struct Lists<'d> {
    inside: bool,
    before: u8,
    run: Option<Run>,
    next: Groups<'d>,
}

/// Values seen in a row, each with its comma, and what began after them.
#[derive(Clone, Copy)]
struct Run {
    values: usize,
    begun: Option<u8>,
}

impl<'d> Lists<'d> {
    pub(super) const fn new(next: Groups<'d>) -> Self {
        Self {
            inside: false,
            before: 0,
            run: None,
            next,
        }
    }

    pub(super) fn put(&mut self, byte: u8) {
        let Some(Run { values, begun }) = self.run.take() else {
            return self.begin(byte);
        };
        match begun {
            None => self.go_on(values, Some(byte)),
            Some(b'?') if byte == b',' => {
                if values < VALUES {
                    self.next.put_all(b"?,");
                }
                self.go_on(values + 1, None);
            }
            Some(begun) => {
                // ProxySQL counts any single byte before `)` as a value.
                let complete = byte == b')';
                if values + usize::from(complete) > VALUES + 1 {
                    self.next.put_all(b"...");
                    if !complete {
                        self.next.put(b',');
                        self.pass(begun);
                    }
                } else {
                    self.show_rest(values);
                    self.pass(begun);
                }
                self.begin(byte);
            }
        }
    }

    const fn go_on(&mut self, values: usize, begun: Option<u8>) {
        self.run = Some(Run { values, begun });
    }

    fn begin(&mut self, byte: u8) {
        if self.inside && byte == b'?' && !is_arithmetic(self.before) {
            self.go_on(0, Some(byte));
        } else {
            self.pass(byte);
        }
    }

    /// The same as `put` of each byte of a word. Two of them end a run.
    pub(super) fn put_word(&mut self, word: &[u8]) {
        let ending = if self.run.is_some() {
            word.len().min(2)
        } else {
            0
        };
        let (ending, rest) = word.split_at(ending);
        for &byte in ending {
            self.put(byte);
        }
        if let Some(last) = rest.last() {
            self.before = *last;
            self.next.put_word(rest);
        }
    }

    pub(super) fn finish(mut self) {
        if let Some(Run { values, begun }) = self.run {
            if values > VALUES + 1 {
                self.next.put_all(b"...,");
            } else {
                self.show_rest(values);
            }
            if let Some(begun) = begun {
                self.pass(begun);
            }
        }
        self.next.finish();
    }

    /// The values that were held back.
    fn show_rest(&mut self, values: usize) {
        for _ in VALUES..values {
            self.next.put_all(b"?,");
        }
    }

    fn pass(&mut self, byte: u8) {
        match byte {
            b'(' => self.inside = true,
            b')' => self.inside = false,
            _ => {}
        }
        self.before = byte;
        self.next.put(byte);
    }
}

/// Folds rows of folded lists, and writes.
pub(super) struct Groups<'d> {
    digest: &'d mut Vec<u8>,
    /// Bytes of a folded list that are held back.
    matched: usize,
    /// Folded lists in a row.
    lists: usize,
    /// Whether the last one has just ended.
    ended: bool,
}

impl<'d> Groups<'d> {
    pub(super) const fn new(digest: &'d mut Vec<u8>) -> Self {
        Self {
            digest,
            matched: 0,
            lists: 0,
            ended: false,
        }
    }

    fn put(&mut self, byte: u8) {
        if self.ended {
            self.ended = false;
            if byte == b',' {
                if self.lists <= LISTS {
                    self.write(b",");
                }
                return;
            }
            self.lists = 0;
        }
        if byte == FOLDED[self.matched] {
            self.matched += 1;
            if self.matched == FOLDED.len() {
                self.end_list();
            }
            return;
        }
        self.lists = 0;
        if self.matched > 0 {
            self.write(&FOLDED[..self.matched]);
            self.matched = 0;
            if byte == FOLDED[0] {
                self.matched = 1;
                return;
            }
        }
        self.write(&[byte]);
    }

    /// The same as `put` of each byte of a word: none is part of a list.
    fn put_word(&mut self, word: &[u8]) {
        if let [first, rest @ ..] = word {
            self.put(*first);
            self.write(rest);
        }
    }

    fn put_all(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.put(byte);
        }
    }

    fn end_list(&mut self) {
        self.matched = 0;
        self.ended = true;
        self.lists += 1;
        if self.lists <= LISTS {
            self.write(FOLDED);
        } else if self.lists == LISTS + 1 {
            self.write(b"...");
        }
    }

    fn finish(self) {
        let matched = self.matched;
        let mut this = self;
        this.write(&FOLDED[..matched]);
    }

    fn write(&mut self, bytes: &[u8]) {
        let room = MAX_LENGTH - self.digest.len();
        self.digest
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}
