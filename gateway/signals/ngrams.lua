-- Scores of a linear model over the hashed n-grams of one text, as `ngrams.py` says it in numpy.
--
-- Given the columns of its float32 table, the bits of a bucket, the addresses of the table, of the uint16 row of a bucket
-- (0: a row a bucket), of the float32 bias of each label and of the uint8 kind of each letter, and the most letters of a
-- text, makes a function of letters (uint16) and `half`. It returns one string: for every window, in turn, a float32 a
-- label; then where each half of a window begins, as int32. A text without tokens has one half, which is one window.
local ffi, bit = require("ffi"), require("bit")
local bxor, rshift = bit.bxor, bit.rshift

local BASE, MIX, PAIR = 0x9E3779B97F4A7C15ULL, 0xD6E8FEB86659FD93ULL, 0xA0761D6478BD642FULL
local WORD, STEMMED = 0xD1342543DE82EF95ULL, 0xAF251AF3B0F025B5ULL
local PAIRED, TRIPLED = 0x9FB21C651E98DF25ULL, 0xC2B2AE3D27D4EB4FULL
local STEM = 5
local IN_WORD, BY_ITSELF = 1, 2

-- A function that adds four rows of the table; without a loop, since rows are short.
local function adder(columns)
  local lines = {}
  for column = 0, columns - 1 do
    lines[#lines + 1] = ("sums[at + C] = sums[at + C] + (weights[a + C] + weights[b + C] + weights[c + C] + weights[d + C])")
      :gsub("C", column)
  end
  local text = "return function(sums, at, weights, a, b, c, d)\n" .. table.concat(lines, "\n") .. "\nend"
  return assert(loadstring(text))()
end

local function mixed(hash)
  return bxor(hash, rshift(hash, 32)) * MIX
end

return function(columns, bits, weights, rows, bias, kinds, limit)
  local shift, add = 64 - bits, adder(columns)
  local labels = columns - 1
  weights, kinds = ffi.cast("const float*", weights), ffi.cast("const uint8_t*", kinds)
  bias = ffi.cast("const float*", bias)
  rows = rows ~= 0 and ffi.cast("const uint16_t*", rows) or nil
  local letters = ffi.new("uint16_t[?]", limit)
  local words, stems = ffi.new("uint64_t[?]", limit + 4), ffi.new("uint64_t[?]", limit + 4)
  local starts, alone = ffi.new("int32_t[?]", limit + 4), ffi.new("uint8_t[?]", limit + 4)
  local hash, bucket = ffi.new("uint64_t[1]"), ffi.new("int32_t[4]")
  local sums, window = ffi.new("double[?]", (limit + 1) * columns), ffi.new("double[?]", columns)
  local out = ffi.new("float[?]", (limit + 1) * columns)
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

  -- Adds a token to the sums of a half.
  local function add_token(at, half)
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
    local a, b, c, d = bucket[0] * columns, bucket[1] * columns, bucket[2] * columns, bucket[3] * columns
    add(sums, half * columns, weights, a, b, c, d)
  end

  -- Writes the scores of a window whose sums are in `window`, the labels' multiplied.
  local function scale(number, times)
    local length = math.sqrt(math.max(window[labels], 1e-6))
    for label = 0, labels - 1 do out[number * labels + label] = window[label] * times / length + bias[label] end
  end

  -- Windows of two halves each, then the whole, on their average.
  local function overlap(halves)
    for half = 0, halves - 2 do
      local at = half * columns
      for column = 0, columns - 1 do window[column] = sums[at + column] + sums[at + columns + column] end
      scale(half, 1)
    end
    ffi.fill(window, columns * 8)
    for at = 0, halves * columns - columns, columns do
      for column = 0, columns - 1 do window[column] = window[column] + sums[at + column] end
    end
    scale(halves - 1, halves > 1 and math.sqrt(2 / halves) or 1)
  end

  return function(text, half)
    local length = math.min(#text / 2, limit)
    ffi.copy(letters, text, 2 * length) -- a pointer into it would not keep it from the garbage collector
    local count = tokens(length)
    local halves = math.max(math.ceil(count / half), 1)
    ffi.fill(sums, halves * columns * 8)
    local begins = ffi.cast("int32_t*", out + halves * labels)
    for number = 0, halves - 1 do
      for at = number * half, math.min((number + 1) * half, count) - 1 do add_token(at, number) end
      begins[number] = count > 0 and starts[number * half] or 0
    end
    overlap(halves)
    return ffi.string(out, halves * columns * 4)
  end
end
