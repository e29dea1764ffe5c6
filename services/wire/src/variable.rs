//! A server's variables.

use lictor_domain as domain;

use crate::v1;

impl From<domain::VariableVerdict> for v1::VariableVerdict {
    fn from(verdict: domain::VariableVerdict) -> Self {
        match verdict {
            domain::VariableVerdict::Ok => Self::Ok,
            domain::VariableVerdict::Differs => Self::Differs,
            domain::VariableVerdict::Unknown => Self::Unknown,
        }
    }
}

impl From<domain::Variable> for v1::Variable {
    fn from(variable: domain::Variable) -> Self {
        Self {
            name: variable.name.to_owned(),
            value: variable.value,
            recommended: variable.recommended,
            verdict: v1::VariableVerdict::from(variable.verdict).into(),
            sentence: variable.why.to_owned(),
        }
    }
}
