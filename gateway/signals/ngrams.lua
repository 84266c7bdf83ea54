-- Sums of a linear model's rows over the hashed n-grams of one text, as `ngrams.py` says it in numpy.
--
-- Given the columns of its float32 table, the bits of a bucket, the addresses of the table, of the uint16 row of a bucket
-- (0: a row a bucket) and of the uint8 kind of each letter, and the most letters of a text, makes a function of
-- letters (uint16) and `half`. It returns one string: for every `half` tokens, in turn, a float32 a
-- column; then where each of these stretches begins, as int32. A text without tokens has one stretch.
local ffi, bit = require("ffi"), require("bit")
local bxor, rshift = bit.bxor, bit.rshift

local BASE, MIX, PAIR = 0x9E3779B97F4A7C15ULL, 0xD6E8FEB86659FD93ULL, 0xA0761D6478BD642FULL
local WORD, STEMMED = 0xD1342543DE82EF95ULL, 0xAF251AF3B0F025B5ULL
local PAIRED, TRIPLED = 0x9FB21C651E98DF25ULL, 0xC2B2AE3D27D4EB4FULL
local STEM = 5
local IN_WORD, BY_ITSELF = 1, 2

-- A function that adds one row of the table; without a loop, since rows are short.
local function adder(columns)
  local lines = {}
  for column = 0, columns - 1 do
    lines[#lines + 1] = ("sums[%d] = sums[%d] + weights[row + %d]"):format(column, column, column)
  end
  return assert(loadstring("return function(sums, weights, row)\n" .. table.concat(lines, "\n") .. "\nend"))()
end

local function mixed(hash)
  return bxor(hash, rshift(hash, 32)) * MIX
end

return function(columns, bits, weights, rows, kinds, limit)
  local shift, add = 64 - bits, adder(columns)
  weights, kinds = ffi.cast("const float*", weights), ffi.cast("const uint8_t*", kinds)
  rows = rows ~= 0 and ffi.cast("const uint16_t*", rows) or nil
  local letters = ffi.new("uint16_t[?]", limit)
  local words, stems = ffi.new("uint64_t[?]", limit + 4), ffi.new("uint64_t[?]", limit + 4)
  local starts, alone = ffi.new("int32_t[?]", limit + 4), ffi.new("uint8_t[?]", limit + 4)
  local hash, sums, bucket = ffi.new("uint64_t[1]"), ffi.new("double[?]", columns), ffi.new("int32_t[4]")
  local out = ffi.new("float[?]", (limit + 1) * (columns + 1))
  local power = ffi.new("uint64_t[?]", limit + 1)
  power[0] = 1
  for i = 1, limit do power[i] = power[i - 1] * BASE end

  -- Fills words, stems, starts and alone, and says how many there are.
  local function tokens(length)
    local at, count = 0, 0
    while at < length do
      local kind = kinds[letters[at]]
      if kind == IN_WORD then
        local start = at
        hash[0] = 0
        repeat
          hash[0] = hash[0] + letters[at] * power[at - start]
          at = at + 1
          if at - start == STEM then stems[count] = hash[0] end
        until at == length or kinds[letters[at]] ~= IN_WORD
        if at - start < STEM then stems[count] = hash[0] end
        words[count], stems[count] = mixed(hash[0]), mixed(stems[count])
        starts[count], alone[count] = start, 0
        count = count + 1
      elseif kind == BY_ITSELF then
        words[count] = mixed(0ULL + letters[at])
        starts[count], alone[count] = at, 1
        count, at = count + 1, at + 1
      else
        at = at + 1
      end
    end
    words[count], words[count + 1], words[count + 2], words[count + 3] = 0, 0, 0, 0
    return count
  end

  local function add_token(at)
    local first = words[at]
    local pair = first * PAIR + words[at + 1]
    local triple = pair * PAIR + words[at + 2]
    local stem = stems[at]
    if alone[at] == 1 then stem = triple * PAIR + words[at + 3] end
    local one, two = rshift(first * WORD, shift), rshift(stem * STEMMED, shift)
    local three, four = rshift(pair * PAIRED, shift), rshift(triple * TRIPLED, shift)
    if rows == nil then
      bucket[0], bucket[1], bucket[2], bucket[3] = one, two, three, four
    else
      bucket[0], bucket[1], bucket[2], bucket[3] = rows[one], rows[two], rows[three], rows[four]
    end
    add(sums, weights, bucket[0] * columns)
    add(sums, weights, bucket[1] * columns)
    add(sums, weights, bucket[2] * columns)
    add(sums, weights, bucket[3] * columns)
  end

  return function(text, half)
    local length = math.min(#text / 2, limit)
    ffi.copy(letters, text, 2 * length) -- a pointer into it would not keep it from the garbage collector
    local count = tokens(length)
    local stretches = math.max(math.ceil(count / half), 1)
    local begins = ffi.cast("int32_t*", out + stretches * columns)
    for stretch = 0, stretches - 1 do
      ffi.fill(sums, columns * 8)
      for at = stretch * half, math.min((stretch + 1) * half, count) - 1 do add_token(at) end
      for column = 0, columns - 1 do out[stretch * columns + column] = sums[column] end
      begins[stretch] = count > 0 and starts[stretch * half] or 0
    end
    return ffi.string(out, stretches * (columns + 1) * 4)
  end
end
