//! Digests: any bytes have one, of bounded length, whatever the buffer held; and
//! whether a statement is a read can be said of any text, where a lock at the end
//! is never missed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lictor_domain::Statement;
use lictor_domain::rule::digest;

fuzz_target!(|sql: &[u8]| {
    let (mut fresh, mut used) = (Vec::new(), b"left over".to_vec());
    digest(sql, &mut fresh);
    digest(sql, &mut used);
    assert_eq!(fresh, used);
    assert!(fresh.len() <= 65_000);
    let locked = [sql, b"\n FOR UPDATE"].concat();
    assert!(!Statement::classify(&locked).is_read());
});
