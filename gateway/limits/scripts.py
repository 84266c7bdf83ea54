"""What Redis runs: each step is one atomic script.

An account of a period is a hash `spent` and a sorted set `leases`.
* `spent`: `nano`, the nano-dollars spent or set aside; `begun`, once the ledger's word on the time before is in it;
  `asked:WORD` for each worker that asks the ledger for that; and
  `r:ID` for each request that has something set aside here (`ATTEMPT=AMOUNT/ESTIMATE …`) or was settled (`settled`).
* `leases`: request ids by when they are due, in seconds of Redis's own clock. Whoever comes by sees to what is due:
  a request that was never settled counts as its estimates until it is settled after all; a settled one is forgotten.

Amounts stay decimal texts and are added by HINCRBY, so that no digit is lost in Lua's floating point.
"""

KEPT_S = 40 * 86_400  # an account: longer than the longest period
REMEMBERED_S = 300  # that a request was settled: a reservation or a settlement that comes again by then counts once

_COMMON = f"""
local KEPT, REMEMBERED = {KEPT_S}, {REMEMBERED_S}
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local function add(spent, amount) redis.call('HINCRBY', spent, 'nano', amount) end
local function take(spent, amount) if amount ~= '0' then add(spent, '-' .. amount) end end
local function keep(spent, leases) redis.call('EXPIRE', spent, KEPT) redis.call('EXPIRE', leases, KEPT) end

local function sweep(spent, leases)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 100)) do
    local field = 'r:' .. id
    local reserved = redis.call('HGET', spent, field)
    redis.call('ZREM', leases, id)
    if reserved == 'settled' then redis.call('HDEL', spent, field)
    elseif reserved then
      local lapsed = reserved:gsub('(%d+)=(%d+)/(%d+)', function(attempt, amount, estimate)
        take(spent, amount) add(spent, estimate)
        return attempt .. '=' .. estimate .. '/' .. estimate
      end)
      redis.call('HSET', spent, field, lapsed)
    end
  end
end
"""

# KEYS: `spent` and `leases` of each account. ARGV: request id, attempt, seconds of the lease, then each account's
# amount, estimate and budget. Returns the number of the first account whose budget does not reach (0: all do, or it was
# counted before; -1: an account has not begun here; -2: the request is settled), and what each has spent.
RESERVE = f"""{_COMMON}
local id, attempt, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local short, totals, counted, before = 0, {{}}, {{}}, {{}}
for i = 1, #KEYS / 2 do
  local spent, amount, budget = KEYS[2 * i - 1], ARGV[3 * i + 1], ARGV[3 * i + 3]
  sweep(spent, KEYS[2 * i])
  if redis.call('HEXISTS', spent, 'begun') == 0 then return {{-1}} end
  before[i] = redis.call('HGET', spent, 'r:' .. id) or ''
  if before[i] == 'settled' then return {{-2}} end
  totals[i] = redis.call('HGET', spent, 'nano')
  counted[i] = (' ' .. before[i]):find(' ' .. attempt .. '=', 1, true)
  if short == 0 and not counted[i] and tonumber(totals[i]) + tonumber(amount) > tonumber(budget) then short = i end
end
if short ~= 0 then return {{short, unpack(totals)}} end
for i = 1, #KEYS / 2 do
  local spent, leases = KEYS[2 * i - 1], KEYS[2 * i]
  if not counted[i] then
    local reserved = attempt .. '=' .. ARGV[3 * i + 1] .. '/' .. ARGV[3 * i + 2]
    if before[i] ~= '' then reserved = before[i] .. ' ' .. reserved end
    add(spent, ARGV[3 * i + 1])
    redis.call('HSET', spent, 'r:' .. id, reserved)
    redis.call('ZADD', leases, now + lease, id)
    keep(spent, leases)
    totals[i] = redis.call('HGET', spent, 'nano')
  end
end
return {{0, unpack(totals)}}
"""

# KEYS: `spent`. ARGV: what the ledger says, and the word of the LOOK before it was asked. Whoever comes first begins
# the count; returns it, or nothing if Redis has forgotten that LOOK: the ledger's word is of before then, and too old.
# What was settled since Redis forgot is in it already.
BEGIN = f"""{_COMMON}
if redis.call('HEXISTS', KEYS[1], 'begun') == 0 then
  if redis.call('HEXISTS', KEYS[1], 'asked:' .. ARGV[2]) == 0 then return false end
  redis.call('HSET', KEYS[1], 'begun', '1')
  add(KEYS[1], ARGV[1])
end
redis.call('HDEL', KEYS[1], 'asked:' .. ARGV[2])
redis.call('EXPIRE', KEYS[1], KEPT)
return redis.call('HGET', KEYS[1], 'nano')
"""

# KEYS: `spent`, `leases`. ARGV: a word. Returns what is spent, or nothing where it has not begun: then the word is kept
# until Redis forgets.
LOOK = f"""{_COMMON}
sweep(KEYS[1], KEYS[2])
if redis.call('HEXISTS', KEYS[1], 'begun') == 1 then return redis.call('HGET', KEYS[1], 'nano') end
redis.call('HSET', KEYS[1], 'asked:' .. ARGV[1], '1')
redis.call('EXPIRE', KEYS[1], KEPT)
return false
"""

# KEYS: `spent` and `leases` of each account. ARGV: request id, attempt. Gives back what that attempt set aside.
RELEASE = f"""{_COMMON}
local id, attempt = ARGV[1], ARGV[2]
for i = 1, #KEYS / 2 do
  local spent = KEYS[2 * i - 1]
  local reserved, rest = redis.call('HGET', spent, 'r:' .. id) or '', {{}}
  for each, amount, estimate in reserved:gmatch('(%d+)=(%d+)/(%d+)') do
    if each == attempt then take(spent, amount) else rest[#rest + 1] = each .. '=' .. amount .. '/' .. estimate end
  end
  if #rest > 0 then redis.call('HSET', spent, 'r:' .. id, table.concat(rest, ' '))
  elseif reserved ~= 'settled' then redis.call('HDEL', spent, 'r:' .. id) end
end
return 0
"""

# KEYS: `spent` and `leases` of each account, then perhaps this minute's tokens. ARGV: request id, `late` if only what
# is still reserved is to be replaced, tokens, then each account's cost. Returns what each account has spent, empty
# where it has not begun.
SETTLE = f"""{_COMMON}
local id, late, tokens = ARGV[1], ARGV[2] == 'late', ARGV[3]
local totals, news = {{}}, #KEYS == 1
for i = 1, math.floor(#KEYS / 2) do
  local spent, leases = KEYS[2 * i - 1], KEYS[2 * i]
  local reserved = redis.call('HGET', spent, 'r:' .. id)
  if reserved ~= 'settled' and (reserved or not late) then
    for amount in (reserved or ''):gmatch('=(%d+)/') do take(spent, amount) end
    add(spent, ARGV[3 + i])
    redis.call('HSET', spent, 'r:' .. id, 'settled')
    redis.call('ZADD', leases, now + REMEMBERED, id)
    keep(spent, leases)
    news = true
  end
  totals[i] = redis.call('HEXISTS', spent, 'begun') == 1 and redis.call('HGET', spent, 'nano') or ''
end
if #KEYS % 2 == 1 and news then
  redis.call('INCRBY', KEYS[#KEYS], tokens) redis.call('EXPIRE', KEYS[#KEYS], 180)
end
return totals
"""

# KEYS: requests of this minute and the one before, tokens of this minute and the one before.
# ARGV: weight of the minute before, tokens, requests allowed (-1: any), tokens allowed (-1: any). Returns 0, 1 or 2.
ENTER = """
local function n(key) return tonumber(redis.call('GET', key) or '0') end
local weight, tokens = tonumber(ARGV[1]), tonumber(ARGV[2])
local most_requests, most_tokens = tonumber(ARGV[3]), tonumber(ARGV[4])
if most_requests >= 0 and n(KEYS[2]) * weight + n(KEYS[1]) + 1 > most_requests then return {1} end
if most_tokens >= 0 and n(KEYS[4]) * weight + n(KEYS[3]) + tokens > most_tokens then return {2} end
local requests = redis.call('INCRBY', KEYS[1], 1) redis.call('EXPIRE', KEYS[1], 180)
local taken = redis.call('INCRBY', KEYS[3], tokens) redis.call('EXPIRE', KEYS[3], 180)
return {0, math.ceil(n(KEYS[2]) * weight) + requests, math.ceil(n(KEYS[4]) * weight) + taken}
"""
