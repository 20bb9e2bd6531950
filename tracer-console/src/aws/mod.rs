//! An account of AWS, for X-Ray itself: its region and credentials, found as every AWS SDK finds them, questions by the SDK's client, and
//! requests of others, signed.

mod account;
mod call;
mod credentials;
mod error;
mod http;
mod options;
mod question;
mod region;

pub use account::AwsAccount;
pub use aws_credential_types::provider::SharedCredentialsProvider;
pub use error::AwsError;
pub(crate) use error::in_a_line;
pub use options::AwsOptions;
