"""Errors of tools and data sources."""


class ToolProviderCredentialValidationError(Exception):
    """A tool provider's credentials are wrong."""


class ToolProviderOAuthError(Exception):
    """A tool provider's OAuth went wrong."""


class DatasourceCredentialValidationError(Exception):
    """A data source's credentials are wrong."""


class DatasourceOAuthError(Exception):
    """A data source's OAuth went wrong."""
