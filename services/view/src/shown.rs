//! What is shown: every field is always there, `null` where nothing is known, and
//! the schema says so. Lists come whole or in pages.

/// Makes structs that are shown.
macro_rules! shown {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$about:meta])* pub $field:ident: $type:ty,)*
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            $($(#[$about])* #[schema(required)] pub $field: $type,)*
        }
    )+};
}

/// Makes pages of lists.
macro_rules! pages {
    ($($name:ident of $item:ident, $what:literal;)+) => {$(
        shown! {
            #[doc = concat!("A page of ", $what, ".")]
            pub struct $name {
                /// What is on it, in the list's order.
                pub items: Vec<crate::$item>,
                /// What to give as `after` for the next page; null at the end.
                pub next: Option<String>,
            }
        }
    )+};
}

/// Makes lists that come whole.
macro_rules! lists {
    ($($name:ident of $item:ident, $what:literal;)+) => {$(
        shown! {
            #[doc = concat!("All ", $what, ".")]
            pub struct $name {
                /// Each of them.
                pub items: Vec<crate::$item>,
            }
        }
    )+};
}

pages! {
    ClusterPage of ClusterSummary, "clusters, in order of name";
    NodePage of Node, "nodes, in order of name";
    RecoveryPage of RecoverySummary, "recoveries, the newest first";
    ConfigStepPage of ConfigStep, "versions of the configuration, the newest first";
    HappeningPage of Happening, "happenings, the newest first";
    AuditPage of AuditRecord, "entries of the audit log, the newest first";
    OperationPage of Operation, "operations, the newest first";
}

lists! {
    NodeConnectionsList of NodeConnections, "nodes of a cluster with their connections";
    ProblemKindList of ProblemKind, "kinds of problems, in order of code";
    ClusterProblemList of ClusterProblem, "problems of clusters, the gravest first";
    VariableList of Variable, "variables of a node that matter here";
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use crate::Node;

    #[test]
    fn what_may_be_null_is_there_all_the_same() {
        let schema = serde_json::to_value(Node::schema()).unwrap();
        let required = schema["required"].as_array().unwrap();
        let properties = schema["properties"].as_object().unwrap();
        assert_eq!(required.len(), properties.len());
        let lag = &schema["properties"]["lag_us"]["type"];
        assert_eq!(lag, &serde_json::json!(["integer", "null"]));
    }
}
