//! Configuration documents: what is read is written back as the same draft.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lictor_document::{read, write};

fuzz_target!(|text: &str| {
    if let Ok(draft) = read(text, "fuzz") {
        let written = write(&draft);
        assert_eq!(read(&written, "written").ok(), Some(draft));
    }
});
