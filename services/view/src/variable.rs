//! Server variables against what is recommended.

use lictor_wire::v1;

words! {
    /// Whether a variable is as recommended.
    VariableVerdict {
        /// It is.
        Ok = "ok",
        /// It is not.
        Differs = "differs",
    } + "unknown"
}

shown! {
    /// A variable of a server.
    pub struct Variable {
        /// Its name, such as `sync_binlog`.
        pub name: String,
        /// Its value; null when the server has none of that name, or nobody knows.
        pub value: Option<String>,
        /// The value that is recommended, or what it has to be like.
        pub recommended: String,
        /// Whether it is so.
        pub verdict: VariableVerdict,
        /// Why it matters.
        pub sentence: String,
    }
}

impl From<v1::Variable> for Variable {
    fn from(variable: v1::Variable) -> Self {
        Self {
            verdict: variable.verdict().into(),
            name: variable.name,
            value: variable.value,
            recommended: variable.recommended,
            sentence: variable.sentence,
        }
    }
}

impl From<v1::VariableVerdict> for VariableVerdict {
    fn from(verdict: v1::VariableVerdict) -> Self {
        match verdict {
            v1::VariableVerdict::Ok => Self::Ok,
            v1::VariableVerdict::Differs => Self::Differs,
            v1::VariableVerdict::Unspecified | v1::VariableVerdict::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::assert_fields;

    #[test]
    fn a_verdict_that_is_not_said_is_never_good() {
        let read = |verdict: i32| {
            let variable = v1::Variable {
                verdict,
                ..v1::Variable::default()
            };
            Variable::from(variable).verdict.as_str()
        };
        let said = |verdict: v1::VariableVerdict| read(verdict.into());
        assert_eq!(said(v1::VariableVerdict::Ok), "ok");
        assert_eq!(said(v1::VariableVerdict::Differs), "differs");
        for unknown in [said(v1::VariableVerdict::Unknown), read(0), read(99)] {
            assert_eq!(unknown, "unknown");
        }
        let fields = "name value recommended verdict sentence";
        assert_fields(Variable::from(v1::Variable::default()), fields);
    }
}
