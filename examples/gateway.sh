#!/bin/sh
# curl through Quotah's gateway.
#
#   QUOTAH_GATEWAY_KEY=qk_gw_… sh examples/gateway.sh
#
# QUOTAH_GATEWAY_URL: the gateway (default http://127.0.0.1:8401).
set -eu
gateway="${QUOTAH_GATEWAY_URL:-http://127.0.0.1:8401}"

curl --fail-with-body --silent --show-error "$gateway/openai/v1/chat/completions" \
  -H "Authorization: Bearer $QUOTAH_GATEWAY_KEY" \
  -H "Content-Type: application/json" \
  -H "x-quotah-feature: example" \
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}'
echo

curl --fail-with-body --silent --show-error "$gateway/anthropic/v1/messages" \
  -H "x-api-key: $QUOTAH_GATEWAY_KEY" \
  -H "anthropic-version: 2023-06-01" \
  -H "Content-Type: application/json" \
  -H "x-quotah-feature: example" \
  -d '{"model": "claude-haiku-4-5", "max_tokens": 100,
       "messages": [{"role": "user", "content": "Hello"}]}'
echo
