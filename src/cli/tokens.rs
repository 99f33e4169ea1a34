//! Options about token files of servers, which leave much to whoever imports them.

use clap::Args;
use otpferry_formats::model::{Algorithm, Period};
use otpferry_formats::{OktaEncoding, TokenOptions, TokenType};

/// What token files do not say.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Token files of servers")]
pub struct TokenArgs {
    /// Type of all tokens in a file that does not say it: totp-6, totp-8, totp-10, hotp-6, hotp-8 or
    /// yubikey-aes
    #[arg(long, value_name = "TYPE")]
    pub token_type: Option<TokenType>,
    /// Their hash, where the file does not say it: SHA1, SHA256, SHA512 [default: SHA1]
    #[arg(long, value_name = "HASH", value_parser = algorithm, hide_short_help = true)]
    pub token_algorithm: Option<Algorithm>,
    /// Seconds that a code of theirs lives, where the file does not say it [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = period, hide_short_help = true)]
    pub token_period: Option<Period>,
    /// How a factor profile of Okta has its seeds encoded: base32, base64 or hex [default: base32]
    #[arg(long, value_name = "ENCODING", hide_short_help = true)]
    pub okta_encoding: Option<OktaEncoding>,
    /// Id of the factor profile in which Okta is to enrol the tokens
    #[arg(long, value_name = "ID", hide_short_help = true)]
    pub okta_profile: Option<String>,
}

impl TokenArgs {
    /// What is said about tokens.
    pub fn options(&self) -> TokenOptions {
        TokenOptions {
            token_type: self.token_type,
            algorithm: self.token_algorithm,
            period: self.token_period,
            okta_encoding: self.okta_encoding,
            okta_profile: self.okta_profile.clone(),
        }
    }
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::parse(name).ok_or_else(|| "the hashes are SHA1, SHA256 and SHA512".to_owned())
}

fn period(seconds: &str) -> Result<Period, String> {
    let period = seconds.parse().ok().and_then(Period::new);
    period.ok_or_else(|| "it has to be a number of seconds, such as 60".to_owned())
}
