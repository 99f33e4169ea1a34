//! Options of `targets`.

use clap::Args;

/// Options of `targets`.
#[derive(Debug, Args)]
pub struct TargetsArgs {
    /// Everything that is known about this app, such as aegis or google-authenticator@ios
    #[arg(value_name = "APP")]
    pub app: Option<String>,
}
