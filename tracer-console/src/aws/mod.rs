//! An account of AWS, for X-Ray itself: its region and credentials, found as every AWS SDK finds them, and signed requests.

mod account;
mod call;
mod credentials;
mod error;
mod http;
mod options;
mod region;

pub use account::AwsAccount;
pub use call::AwsAnswer;
pub use error::AwsError;
pub use options::AwsOptions;
