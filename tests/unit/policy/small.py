"""A small folder to compile: the example of the policy language over a dozen endpoints."""

from __future__ import annotations

from gateway.policy.compile import compile_folder
from gateway.policy.compiled import Compiled

POLICY = b"""\
version: 1
sets:
  eu: [AT, BE, BG, CY, CZ, DE, DK, EE, ES, FI, FR, GR, HR, HU, IE, IT, LT, LU, LV, MT, NL, PL, PT, RO, SE, SI, SK]
  china: [CN, HK, MO]
  us_lists: [us_entity_list, us_1260h, us_ndaa_1532]
baseline: gpt@openai
aliases:
  auto: whatever the policy likes best
  "gpt-4*": old names our applications still send

guards:
  - name: eu-residency
    why: EU tenants' prompts are stored and computed in the EU
    when: {residency: eu}
    only: {storage: eu, inference: eu}
  - name: no-training-on-our-data
    when: {data_class: {at_least: internal}}
    only: {trains_on_data: false}
  - name: confidential-vendor-risk
    when: {data_class: {at_least: confidential}}
    only: {risk: {at_most: medium}}
    never: {exposure: china}
  - name: regulated-stays-home
    when: {data_class: regulated}
    only: {hosting: self}
    never: {lineage: china}
  - name: personal-data-not-to-listed-vendors
    when: {pii: [email, phone, card, iban, national_id]}
    never: {lists: us_lists}
  - name: prc-topics-need-uncensored-weights
    when: {topic: prc_political}
    never: {lineage: china, decensored: false}
  - name: prc-topics-off-chinese-machines
    when: {topic: prc_political}
    never: {exposure: china}

routes:
  - name: named
    when: {model_known: true}
    try: [requested]
  - name: code
    when: {topic: code}
    try: [qwen@self, {any: {open_weights: true, hosting: hosted}}, gpt@openai]
    limits: {usd: 0.05}
  - name: rest
    try: [{any: {}}]
    order: price
    canary: {endpoint: glm@zai, percent: 5, stop_if: {refusal_rate: {above: 0.05}, failure_rate: {above: 0.02}}}
    shadow: {endpoint: glm@together, percent: 1}
"""
CALLERS = b"""\
tags: [audited, batch]
teams:
  research: {residency: any, data_class: public, allow: [shadow, judge]}
  sales: {residency: eu, data_class: internal}
keys:
  - {id: research-bot, team: research, app: bot, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
"""
CATALOG = b"""\
labs:
  - {id: openai, name: OpenAI, country: US, lists: [], screened: 2026-11-01}
  - {id: alibaba, name: Alibaba, country: CN, lists: [us_1260h]}
  - {id: zai, name: Z.ai, country: CN, lists: [us_entity_list]}
models:
  - {id: gpt, lab: openai, base: [], open_weights: false, licence: proprietary, decensored: false, context_tokens: 400000,
     can: [tools, vision, json_schema, reasoning]}
  - {id: qwen, lab: alibaba, base: [], open_weights: true, licence: Apache-2.0, decensored: false, context_tokens: 128000,
     can: [tools]}
  - {id: glm, lab: zai, base: [], open_weights: true, licence: MIT, decensored: false, context_tokens: 200000, can: [tools]}
operators:
  - {id: openai, name: OpenAI, country: US, parent_country: US, lists: [], screened: 2026-11-01, certifications: [soc2]}
  - {id: together, name: Together, country: US, parent_country: US, lists: [], screened: 2026-11-01, certifications: [soc2]}
  - {id: zai, name: Z.ai, country: SG, parent_country: CN, lists: [us_entity_list]}
  - {id: self, name: us, country: DE, parent_country: DE, lists: [], screened: 2026-11-01}
endpoints:
  - {id: gpt@openai, hosting: hosted, storage: [US], inference: [US], trains_on_data: false, retention_days: 30,
     api: openai, base_url: "https://api.openai.example/v1", key_env: OPENAI_API_KEY,
     prices: [{since: 2026-01-01, input: 2, output: 8}]}
  - {id: glm@zai, hosting: hosted, storage: [CN], inference: [CN], trains_on_data: null, retention_days: null,
     api: openai, base_url: "https://api.z.example/v1", key_env: ZAI_API_KEY,
     prices: [{since: 2026-01-01, input: 0.1, output: 0.4}]}
  - {id: glm@together, hosting: hosted, storage: [], inference: [US], trains_on_data: false, retention_days: 0,
     api: openai, base_url: "https://api.together.example/v1", key_env: TOGETHER_API_KEY,
     prices: [{since: 2026-01-01, input: 0.3, output: 1.2}]}
  - {id: qwen@self, hosting: self, storage: [DE], inference: [DE], trains_on_data: false, retention_days: 0,
     api: openai, base_url: "http://vllm:8000/v1", key_env: null, prices: [{since: 2026-01-01, input: 0.2, output: 0.6}]}
"""
AT = 1_790_000_000.0  # September 2026


def folder(*, policy: bytes = POLICY, callers: bytes = CALLERS, catalog: bytes = CATALOG, **cases: bytes) -> dict[str, bytes]:
    """The files of a folder."""
    files = {"policy.yaml": policy, "callers.yaml": callers, "catalog/all.yaml": catalog}
    return files | {f"cases/{name}.yaml": text for name, text in cases.items()}


def compiled(**parts: bytes) -> Compiled:
    """That folder, compiled."""
    return compile_folder(folder(**parts))
