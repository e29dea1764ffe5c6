//! Reads global variables by name.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::MysqlError;
use crate::session::Session;

impl Session {
    /// The values of the global variables of these names, as the server writes
    /// them; one that it does not have is left out.
    pub async fn variables(
        &mut self,
        names: &[&str],
        deadline: Duration,
    ) -> Result<BTreeMap<String, String>, MysqlError> {
        let deadline = Deadline::new("read variables", deadline);
        let sql = self.dialect().variables();
        let mut reply = self.ask_about(&deadline, &sql, &names.join(",")).await?;
        reply
            .rows()?
            .iter()
            .map(|row| Ok((row.get("name")?, row.get("value")?)))
            .collect()
    }
}
