"""Names that a module of the SDK has from others: its imports, which plugins lean on, unpaid here.

The SDK's modules import each other, pydantic and the standard library, and plugins have been seen
to take names from wherever their editor found them. `lazy` gives a module all of them, each
imported when it is asked for.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

# The module that defines each name of the SDK's.
_DEFINED = {
    "config.config": "DifyPluginEnv InstallMethod",
    "config.logger_format": "plugin_logger_handler",
    "core.entities.invocation": "InvokeType",
    "core.runtime": "BackwardsInvocation Session",
    "core.session_context": "InvokeCredentials SessionContext get_current_session",
    "entities.agent": "AgentInvokeMessage AgentRuntime",
    "entities.invoke_message": "InvokeMessage",
    "entities.model.llm": "LLMMode LLMModelConfig LLMPollingResult LLMPollingStatus LLMResult "
    "LLMResultChunk LLMResultChunkDelta LLMResultChunkWithStructuredOutput "
    "LLMResultWithStructuredOutput LLMStructuredOutput LLMUsage NumTokensResult SummaryResult",
    "entities.model.message": "AssistantPromptMessage AudioPromptMessageContent "
    "DeveloperPromptMessage DocumentPromptMessageContent ImagePromptMessageContent "
    "MultiModalPromptMessageContent PROMPT_MESSAGE_TYPES_BY_ROLE PromptMessage "
    "PromptMessageContent PromptMessageContentType PromptMessageContentUnionTypes "
    "PromptMessageFunction PromptMessageRole PromptMessageTool SystemPromptMessage "
    "TextPromptMessageContent ToolPromptMessage UserPromptMessage VideoPromptMessageContent "
    "ensure_prompt_message",
    "entities.model.moderation": "ModerationModelConfig ModerationResult",
    "entities.model.rerank": "MultiModalRerankModelConfig MultiModalRerankResult RerankDocument "
    "RerankModelConfig RerankResult",
    "entities.model.schema": "AIModelEntity BaseModelConfig DefaultParameterName "
    "EmbeddingInputType FetchFrom ModelFeature ModelPropertyKey ModelType ModelUsage ParameterRule "
    "ParameterType PriceConfig PriceInfo PriceType ProviderModel",
    "entities.model.speech2text": "Speech2TextModelConfig Speech2TextResult",
    "entities.model.text_embedding": "EmbeddingUsage MultiModalContent MultiModalContentType "
    "MultiModalEmbeddingModelConfig MultiModalEmbeddingResult TextEmbeddingModelConfig "
    "TextEmbeddingResult",
    "entities.model.tts": "TTSModelConfig TTSResult",
    "entities.oauth": "OAuthCredentials OAuthSchema ToolOAuthCredentials TriggerOAuthCredentials",
    "entities.parameters": "I18nObject ParameterAutoGenerate ParameterOption ParameterTemplate",
    "entities.provider_config": "AppSelectorScope CommonParameterType ConfigOption CredentialType "
    "LogMetadata ModelConfigScope ProviderConfig ToolSelectorScope",
    "entities.tool": "FormShowOnObject ToolDescription ToolIdentity ToolInvokeMessage "
    "ToolLabelEnum ToolParameter ToolParameterOption ToolProviderIdentity ToolProviderType "
    "ToolRuntime ToolSelector",
    "entities.trigger": "EventDispatch Subscription TriggerSubscriptionConstructorRuntime "
    "UnsubscribeResult Variables",
    "entities.workflow_node": "ClassConfig ModelConfig NodeResponse NodeType ParameterConfig",
    "errors.model": "CredentialsValidateFailedError InvokeAuthorizationError "
    "InvokeBadRequestError InvokeConnectionError InvokeError InvokeRateLimitError "
    "InvokeServerUnavailableError",
    "errors.tool": "DatasourceCredentialValidationError DatasourceOAuthError "
    "ToolProviderCredentialValidationError ToolProviderOAuthError",
    "errors.trigger": "EventIgnoreError SubscriptionError TriggerDispatchError TriggerError "
    "TriggerProviderCredentialValidationError TriggerProviderOAuthError TriggerValidationError "
    "UnsubscribeError",
    "file.constants": "DIFY_FILE_IDENTITY DIFY_TOOL_SELECTOR_IDENTITY",
    "file.entities": "FileType",
    "file.file": "File",
    "interfaces.agent.strategy": "AgentModelConfig AgentProvider AgentScratchpadUnit "
    "AgentStrategy AgentToolIdentity FILE_PARAMETER_TYPES STRING_PARAMETER_TYPES ToolEntity "
    "ToolInvokeMeta",
    "interfaces.endpoint": "Endpoint",
    "interfaces.model": "AIModel ModelProvider",
    "interfaces.model.large_language_model": "LargeLanguageModel",
    "interfaces.model.moderation_model": "ModerationModel",
    "interfaces.model.rerank_model": "RerankModel",
    "interfaces.model.speech2text_model": "Speech2TextModel",
    "interfaces.model.text_embedding_model": "TextEmbeddingModel",
    "interfaces.model.tts_model": "TTSModel",
    "interfaces.tool.tool": "Tool ToolLike ToolProvider",
    "interfaces.trigger.event": "Event",
    "interfaces.trigger.runtime": "EventRuntime TriggerRuntime",
    "interfaces.trigger.trigger": "Trigger TriggerSubscriptionConstructor",
    "invocations.app": "AppInvocations FetchAppInvocation",
    "invocations.app.chat": "ChatAppInvocation",
    "invocations.app.completion": "CompletionAppInvocation",
    "invocations.app.workflow": "WorkflowAppInvocation",
    "invocations.file": "UploadFileResponse",
    "invocations.model": "ModelInvocations",
    "invocations.model.llm": "LLMInvocation SummaryInvocation",
    "invocations.model.llm_structured_output": "LLMStructuredOutputInvocation",
    "invocations.model.moderation": "ModerationInvocation",
    "invocations.model.rerank": "RerankInvocation",
    "invocations.model.speech2text": "Speech2TextInvocation",
    "invocations.model.text_embedding": "TextEmbeddingInvocation",
    "invocations.model.tts": "TTSInvocation",
    "invocations.storage": "StorageInvocation StorageInvocationError",
    "invocations.tool": "ToolInvocation",
    "invocations.workflow_node.parts": "ParameterExtractorNodeInvocation "
    "QuestionClassifierNodeInvocation WorkflowNodeInvocations",
    "plugin": "Plugin",
}
# What the SDK's modules hold of others. pydantic's are there where a plugin's bundle holds it.
_ELSEWHERE = {
    "abc": "ABC abstractmethod",
    "collections.abc": "Callable Generator Iterable Iterator Mapping Sequence",
    "decimal": "Decimal",
    "enum": "Enum StrEnum",
    "pydantic": "BaseModel ConfigDict Field JsonValue PositiveInt ValidationInfo field_serializer "
    "field_validator model_validator",
    "typing": "Annotated Any IO Literal Protocol Self cast final overload",
    "werkzeug.wrappers": "Request Response",
}
HOMES = {
    name: f"dify_plugin.{module}" for module, names in _DEFINED.items() for name in names.split()
}
ELSEWHERE = {name: module for module, names in _ELSEWHERE.items() for name in names.split()}


def lazy(module: str, own: Mapping[str, str] | None = None) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module; `own` says where it has a name from in its own way."""

    def get(name: str) -> Any:
        home = (own or {}).get(name) or HOMES.get(name) or ELSEWHERE.get(name)
        if home is None or home == module:
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        try:
            __import__(home)
        except ModuleNotFoundError as missing:
            raise AttributeError(
                f"module {module!r} has no attribute {name!r}: {missing}", name=name
            ) from None
        value = getattr(sys.modules[home], name)
        setattr(sys.modules[module], name, value)
        return value

    return get
