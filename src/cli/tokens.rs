//! Options about token files of servers, which leave much to whoever imports them.

use clap::Args;
use otpferry_formats::model::{Algorithm, Period};
use otpferry_formats::{Layout, LineEnding, OktaEncoding, Quoting, TokenOptions, TokenType};

use crate::failure::{Exit, Failure};

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
    /// What stands between the cells of a delimited file: one character, or tab [default: ,]
    #[arg(long, value_name = "CHARACTER", hide_short_help = true)]
    pub delimiter: Option<String>,
    /// A delimited file has no row with the names of its columns
    #[arg(long, hide_short_help = true)]
    pub no_header: bool,
    /// How the lines of a delimited file end: lf or crlf [default: lf]
    #[arg(long, value_name = "END", hide_short_help = true)]
    pub line_ending: Option<LineEnding>,
    /// When the cells of a delimited file stand between quotation marks: minimal, always or never
    /// [default: minimal]
    #[arg(long, value_name = "WHEN", hide_short_help = true)]
    pub quoting: Option<Quoting>,
}

impl TokenArgs {
    /// What is said about tokens; `template` is the columns of a delimited file, where one is read or written.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the columns make no sense, or options about such a file are given for none.
    pub fn options(&self, template: Option<&str>) -> Result<TokenOptions, Failure> {
        Ok(TokenOptions {
            token_type: self.token_type,
            algorithm: self.token_algorithm,
            period: self.token_period,
            okta_encoding: self.okta_encoding,
            okta_profile: self.okta_profile.clone(),
            layout: self.layout(template)?,
        })
    }

    /// The same without what is about delimited files.
    #[must_use]
    pub fn without_layout(&self) -> Self {
        Self { delimiter: None, no_header: false, line_ending: None, quoting: None, ..self.clone() }
    }

    fn layout(&self, template: Option<&str>) -> Result<Layout, Failure> {
        let Some(template) = template else {
            return self.given_for_none().map_or_else(|| Ok(Layout::default()), Err);
        };
        let mut layout = Layout::default()
            .with_line_ending(self.line_ending.unwrap_or_default())
            .with_quoting(self.quoting.unwrap_or_default());
        if !template.is_empty() {
            layout = layout.with_columns(template).map_err(wrong_columns)?;
        }
        if let Some(delimiter) = &self.delimiter {
            layout = layout.with_delimiter(delimiter).map_err(wrong_delimiter)?;
        }
        if self.no_header {
            layout = layout.without_header();
        }
        layout.checked().map_err(wrong_columns)
    }

    fn given_for_none(&self) -> Option<Failure> {
        let options = [
            ("--delimiter", self.delimiter.is_some()),
            ("--no-header", self.no_header),
            ("--line-ending", self.line_ending.is_some()),
            ("--quoting", self.quoting.is_some()),
        ];
        let (option, _) = options.into_iter().find(|(_, is_given)| *is_given)?;
        let message = format!("{option} is about delimited files, and none is read or written");
        Some(
            Failure::new(Exit::Usage, message)
                .next_step("Give -t delimited to write one, -f delimited to read one"),
        )
    }
}

fn wrong_columns(reason: String) -> Failure {
    Failure::new(Exit::Usage, format!("--columns makes no sense: {reason}"))
        .next_step("Write the columns in order with commas between, such as \"Serial Number=serial,Seed=secret:hex,user\"")
}

fn wrong_delimiter(reason: String) -> Failure {
    Failure::new(Exit::Usage, format!("--delimiter makes no sense: {reason}"))
        .next_step("Give it in quotes, such as \";\"")
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::parse(name).ok_or_else(|| "the hashes are SHA1, SHA256 and SHA512".to_owned())
}

fn period(seconds: &str) -> Result<Period, String> {
    let period = seconds.parse().ok().and_then(Period::new);
    period.ok_or_else(|| "it has to be a number of seconds, such as 60".to_owned())
}
