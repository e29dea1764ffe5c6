//! Second step: blanks that say nothing go, and signs of single values.

use super::fold::Lists;
use super::{is_arithmetic, is_word};

/// What ProxySQL sees before the first byte.
const NOTHING: u8 = b'0';

/// Looks at each byte with the two before it and the one after it.
pub(super) struct Spaces<'d> {
    current: Option<u8>,
    before: u8,
    before_that: u8,
    dropped: usize,
    next: Lists<'d>,
}

impl<'d> Spaces<'d> {
    pub(super) const fn new(next: Lists<'d>) -> Self {
        Self {
            current: None,
            before: NOTHING,
            before_that: NOTHING,
            dropped: 0,
            next,
        }
    }

    pub(super) fn put(&mut self, byte: u8) {
        if let Some(current) = self.current.replace(byte) {
            self.judge(current, byte);
        }
    }

    /// The same as `put` of each byte of a word, which has one at least: what
    /// stands around it changes nothing.
    pub(super) fn put_word(&mut self, word: &[u8]) {
        self.put(word[0]);
        if let [passed @ .., last] = word
            && let Some(before) = passed.last()
        {
            self.next.put_word(passed);
            self.before = *before;
            self.current = Some(*last);
        }
    }

    pub(super) fn finish(mut self) {
        if let Some(current) = self.current {
            self.judge(current, 0);
        }
        self.next.finish();
    }

    fn judge(&mut self, byte: u8, after: u8) {
        let drop = match byte {
            b' ' => self.is_idle_blank(after),
            b'+' | b'-' => self.is_idle_sign(after),
            _ => false,
        };
        self.before_that = self.before;
        self.before = byte;
        if drop {
            self.dropped += 1;
        } else {
            // ProxySQL shifts bytes within one buffer. When all that follows
            // has been shifted by one, it takes the byte before for the one
            // before that.
            if self.dropped == 1 {
                self.before_that = byte;
            }
            self.next.put(byte);
        }
    }

    const fn is_idle_blank(&self, after: u8) -> bool {
        self.before == b'('
            || after == b')'
            || self.before == b','
            || after == b','
            || (is_arithmetic(self.before) && after == b'?')
            || (self.before == b'?' && is_arithmetic(after))
    }

    fn is_idle_sign(&self, after: u8) -> bool {
        let sign_of_value = |before: u8| {
            !is_word(before) && !matches!(before, b'?' | b')') && matches!(after, b'?' | b' ')
        };
        if self.before == b' ' {
            is_word(self.before_that) || sign_of_value(self.before_that)
        } else {
            sign_of_value(self.before)
        }
    }
}
