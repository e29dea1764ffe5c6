//! What requests say in their bodies, and the messages they become. The path of a
//! request says the rest.
//!
//! A body refuses fields it does not know. Its schema says the limits; the service
//! that the message goes to judges them. What is `null` is not said.

/// Makes the structs of bodies.
macro_rules! bodies {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$about:meta])* pub $field:ident: $type:ty,)*
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$about])* pub $field: $type,)*
        }
    )+};
}

/// Makes bodies that say at least, or `exactly`, one of some fields.
macro_rules! alternatives {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident($fields:ident): $how:ident [$(($field:literal, $type:ident)),+ $(,)?];
    )+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $fields);

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{AllOfBuilder, $how, Type};
                let one = $how::new()$(.item($crate::body::said($field, Type::$type)))+;
                let fields = <$fields as utoipa::PartialSchema>::schema();
                AllOfBuilder::new().item(fields).item(one).into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(
                schemas: &mut Vec<(
                    String,
                    utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>,
                )>,
            ) {
                <$fields as utoipa::ToSchema>::schemas(schemas);
            }
        }
    )+};
}

mod access;
mod cluster;
mod config;
mod node;
mod policy;

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

pub use access::{CreateTokenRequest, LogInRequest, RevokeTokenRequest};
pub use cluster::{
    AddClusterRequest, FailoverRequest, LongTransactions, PauseRequest, ResumeRequest,
    SwitchoverRequest,
};
pub use config::{
    ConfigApplyFields, ConfigApplyRequest, ConfigDiffFields, ConfigDiffRequest,
    ConfigRollbackRequest, RuleTestRequest,
};
pub use node::{
    MaintenanceEndRequest, MaintenanceRequest, NodeChange, NodeChangeFields, RebuildRequest,
    RejoinRequest, RepointRequest,
};
pub use policy::{BudgetChange, ObjectivesChange, PolicyChange, PolicyPatch, Promise};

/// The schema of whatever says this field.
fn said(field: &str, as_type: Type) -> Object {
    let value = ObjectBuilder::new().schema_type(as_type);
    let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    any.property(field, value).required(field).build()
}

#[cfg(test)]
mod tests;
