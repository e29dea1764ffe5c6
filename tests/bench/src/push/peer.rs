//! One connection of the load: what to say, and what was heard.

use anyhow::Result;

/// Something that came and is to be counted: the change it belongs to, as the
/// server numbers it.
pub(crate) type Change = u64;

/// Speaks a protocol over one connection. It never blocks, and reads no clock.
pub(crate) trait Peer {
    /// What to say first.
    fn open(&mut self, say: &mut Vec<u8>);

    /// Takes in what came; tells each change heard to `heard`, and puts what is
    /// to be said in answer into `say`.
    ///
    /// # Errors
    /// When the server breaks the conversation off, or says what makes no sense.
    fn hear(
        &mut self,
        bytes: &[u8],
        heard: &mut dyn FnMut(Change),
        say: &mut Vec<u8>,
    ) -> Result<()>;
}
