//! A server's variable, beside what it should be.

/// How a variable stands to what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableVerdict {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Differs,
    /// The server does not tell it, or nobody can tell whether it is right.
    Unknown,
}

/// One variable of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name, as servers since 8.0.26 call it.
    pub name: &'static str,
    /// Its value, as the server writes it; `None` when the server does not tell it.
    pub value: Option<String>,
    /// What it should be.
    pub recommended: String,
    /// How it stands to that.
    pub verdict: VariableVerdict,
    /// Why it should be so.
    pub why: &'static str,
}
