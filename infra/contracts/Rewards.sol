// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Authorization, Authorizations} from "./Authorization.sol";
import {IRewards} from "./IRewards.sol";
import {RewardTree} from "./RewardTree.sol";

/// @dev Long: everything that moves a unit of the rewards is on one page to audit.
contract Rewards is IRewards, AccessManaged, EIP712, Nonces {
    using SafeERC20 for IERC20;

    bytes32 public constant LEAF_TAG = RewardTree.LEAF_TAG;
    bytes32 public constant FUND = keccak256("tributary/fund-rewards");
    bytes32 public constant CHALLENGE = keccak256("tributary/challenge-rewards");
    bytes32 private constant CLAIM_TO = keccak256(
        "ClaimTo(uint256 index,bytes32 root,uint64 cumulative,address recipient,uint256 nonce,uint256 deadline)"
    );

    uint8 private constant SIDE = 1; // which of the two roots is active
    uint8 private constant PENDING = 2;
    uint8 private constant DISPUTED = 4;
    uint8 private constant PAUSED = 8;
    uint256 private constant FROZEN = 1 << 63; // top bit of an index's 64

    // Exactly one storage slot: a post rewrites this and one root (5,000 gas each) and nothing else.
    struct State {
        uint64 activeTotal;
        uint64 pendingTotal;
        uint64 funded;
        uint32 activeAt;
        uint24 epoch;
        uint8 flags;
    }

    IERC20 public immutable TOKEN;
    address public immutable TREASURY;
    uint32 public immutable WINDOW; // seconds
    uint64 public immutable BOND; // units

    State private _state;
    bytes32[2] private _roots;
    address public poster; // read on every post: an AccessManager look-up would cost 12,000 gas more
    uint64 private _paid;
    address private _challenger;
    mapping(uint256 word => uint256) private _claimed; // four indices a slot: cumulative in 63 bits, frozen in one

    constructor(address manager, IERC20 token, address treasury, uint32 window, uint64 bond)
        AccessManaged(manager)
        EIP712("Tributary Rewards", "1")
    {
        TOKEN = token;
        TREASURY = treasury;
        WINDOW = window;
        BOND = bond;
        // No leaf hashes to 1. Non-zero slots make the first posts as cheap as the later ones.
        _roots = [bytes32(uint256(1)), bytes32(uint256(1))];
    }

    function fund(address payer, uint64 units, bytes32 salt, Authorization calldata authorization) external {
        uint256 funded = uint256(_state.funded) + units;
        if (funded >= FROZEN) revert UnitsTooLarge(funded);
        _state.funded = uint64(funded);
        emit Funded(payer, units, uint64(funded));
        Authorizations.take(IERC3009(address(TOKEN)), payer, units, keccak256(abi.encode(FUND, salt)), authorization);
    }

    function post(bytes32 root, bytes32 fileHash, uint24 epoch, uint64 total) external {
        if (msg.sender != poster) revert NotPoster(msg.sender);
        State memory s = _settled();
        if (s.flags & PAUSED != 0) revert IsPaused();
        if (s.flags & PENDING != 0) revert RootPending(s.activeAt);
        if (root == 0) revert RootMissing();
        if (epoch < s.epoch) revert EpochWentBack(s.epoch, epoch);
        if (total < s.activeTotal) revert TotalShrank(s.activeTotal, total);
        if (total > s.funded) revert NotFunded(s.funded, total);
        s.pendingTotal = total;
        s.activeAt = uint32(block.timestamp) + WINDOW;
        s.epoch = epoch;
        _roots[~s.flags & SIDE] = root;
        s.flags |= PENDING;
        _state = s;
        emit Posted(epoch, root, fileHash, total, s.activeAt);
    }

    function challenge(address challenger, bytes32 evidenceHash, Authorization calldata authorization) external {
        State memory s = _pending();
        if (s.flags & DISPUTED != 0) revert AlreadyDisputed();
        if (block.timestamp >= s.activeAt) revert WindowOver(s.activeAt); // reached in a pause only
        bytes32 root = _roots[~s.flags & SIDE];
        s.flags |= DISPUTED;
        _state = s;
        _challenger = challenger;
        emit Challenged(root, challenger, evidenceHash);
        bytes32 nonce = keccak256(abi.encode(CHALLENGE, root, evidenceHash));
        Authorizations.take(IERC3009(address(TOKEN)), challenger, BOND, nonce, authorization);
    }

    function resolve(bool upheld, bytes32 findingHash) external restricted {
        if (msg.sender == poster) revert ArbiterIsPoster(msg.sender);
        State memory s = _pending();
        if (s.flags & DISPUTED == 0) revert NotDisputed();
        emit Resolved(_roots[~s.flags & SIDE], upheld, findingHash);
        if (upheld) return _drop(s);
        s.flags &= ~DISPUTED;
        _state = s;
        TOKEN.safeTransfer(TREASURY, BOND);
    }

    function withdraw() external {
        if (msg.sender != poster) revert NotPoster(msg.sender);
        _drop(_pending());
    }

    function refute(Leaf calldata earlier, bytes32[] calldata earlierProof, Leaf calldata later, bytes32[] calldata laterProof)
        external
    {
        State memory s = _pending();
        bytes32 pendingRoot = _roots[~s.flags & SIDE];
        if (!MerkleProof.verifyCalldata(laterProof, pendingRoot, RewardTree.hash(later))) revert NotInTree();
        bytes32 hash = RewardTree.hash(earlier);
        bool inActive = MerkleProof.verifyCalldata(earlierProof, _roots[s.flags & SIDE], hash);
        if (!inActive && !MerkleProof.verifyCalldata(earlierProof, pendingRoot, hash)) revert NotInTree();
        if (earlier.index != later.index) revert NotARefutation();
        bool contradicts = earlier.account != later.account
            || (inActive ? later.cumulative < earlier.cumulative : later.cumulative != earlier.cumulative);
        if (!contradicts) revert NotARefutation();
        _drop(s);
    }

    function claim(Leaf calldata leaf, bytes32[] calldata proof) external returns (uint64 units) {
        return _claimOne(leaf, proof, _claimable(), leaf.account);
    }

    function claimTo(
        Leaf calldata leaf,
        bytes32[] calldata proof,
        address recipient,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint64 units) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        State memory s = _claimable();
        bytes32 hash = _claimToHash(leaf, _roots[s.flags & SIDE], recipient, deadline);
        if (!SignatureChecker.isValidSignatureNow(leaf.account, hash, signature)) revert NotSigned(leaf.account);
        return _claimOne(leaf, proof, s, recipient);
    }

    function claimRange(uint256 first, uint256 place, uint256[] calldata entries, bytes32[] calldata proof)
        external
        returns (uint256 units)
    {
        State memory s = _claimable();
        if (RewardTree.rootOver(RewardTree.hashRange(first, entries), place, proof) != _roots[s.flags & SIDE]) revert NotInTree();
        uint256[] memory due;
        (due, units) = _takeRange(first, entries);
        _count(s, units);
        emit ClaimedRange(first, entries.length, uint64(units));
        unchecked {
            for (uint256 i = 0; i < entries.length; ++i) {
                uint256 mine = due[i];
                if (mine != 0) TOKEN.safeTransfer(address(uint160(entries[i] >> 64)), mine);
            }
        }
    }

    function freeze(uint256 index, bool frozen) external restricted {
        uint256 bit = FROZEN << ((index & 3) * 64);
        if (frozen) _claimed[index >> 2] |= bit;
        else _claimed[index >> 2] &= ~bit;
        emit Frozen(index, frozen);
    }

    function setPause(bool paused) external restricted {
        State memory s = _settled();
        if (paused) {
            s.flags |= PAUSED;
        } else if (s.flags & PAUSED != 0) {
            s.flags &= ~PAUSED;
            if (s.flags & PENDING != 0) s.activeAt = uint32(block.timestamp) + WINDOW;
        }
        _state = s;
        emit PauseSet(paused);
    }

    function appointPoster(address account) external restricted {
        State memory s = _settled();
        if (s.flags & PENDING != 0) revert RootPending(s.activeAt);
        poster = account;
        emit PosterAppointed(account);
    }

    function claimed(uint256 index) external view returns (uint64 units, bool frozen) {
        uint256 mine = _claimed[index >> 2] >> ((index & 3) * 64);
        return (uint64(mine & (FROZEN - 1)), mine & FROZEN != 0);
    }

    function standing() external view returns (Standing memory) {
        State memory s = _settled();
        bool pending = s.flags & PENDING != 0;
        return Standing({
            root: _roots[s.flags & SIDE],
            total: s.activeTotal,
            funded: s.funded,
            paid: _paid,
            paused: s.flags & PAUSED != 0,
            pendingRoot: pending ? _roots[~s.flags & SIDE] : bytes32(0),
            pendingTotal: pending ? s.pendingTotal : 0,
            activeAt: s.activeAt,
            epoch: s.epoch,
            disputed: s.flags & DISPUTED != 0
        });
    }

    /// @dev The state as of now: a pending root whose window is over has become the active one.
    function _settled() private view returns (State memory s) {
        s = _state;
        if (s.flags & (PENDING | DISPUTED | PAUSED) == PENDING && block.timestamp >= s.activeAt) {
            s.flags = (s.flags ^ SIDE) & ~PENDING;
            s.activeTotal = s.pendingTotal;
        }
    }

    function _pending() private view returns (State memory s) {
        s = _settled();
        if (s.flags & PENDING == 0) revert NothingPending();
    }

    function _claimable() private view returns (State memory s) {
        s = _settled();
        if (s.flags & PAUSED != 0) revert IsPaused();
    }

    /// @dev Forgets the pending root and gives a challenger's bond back.
    function _drop(State memory s) private {
        bool disputed = s.flags & DISPUTED != 0;
        s.flags &= ~(PENDING | DISPUTED);
        _state = s;
        emit Dropped(_roots[~s.flags & SIDE]);
        if (disputed) TOKEN.safeTransfer(_challenger, BOND);
    }

    function _claimOne(Leaf calldata leaf, bytes32[] calldata proof, State memory s, address recipient)
        private
        returns (uint64)
    {
        if (!MerkleProof.verifyCalldata(proof, _roots[s.flags & SIDE], RewardTree.hash(leaf))) revert NotInTree();
        uint256 shift = (leaf.index & 3) * 64;
        uint256 word = _claimed[leaf.index >> 2];
        if (word & (FROZEN << shift) != 0) revert IndexFrozen(leaf.index);
        uint256 due = _due(word, shift, leaf.cumulative);
        if (due == 0) return 0;
        _claimed[leaf.index >> 2] = word + (due << shift);
        _count(s, due);
        emit Claimed(leaf.index, recipient, uint64(due));
        TOKEN.safeTransfer(recipient, due);
        return uint64(due);
    }

    function _claimToHash(Leaf calldata leaf, bytes32 root, address recipient, uint256 deadline) private returns (bytes32) {
        uint256 nonce = _useNonce(leaf.account);
        return _hashTypedDataV4(
            keccak256(abi.encode(CLAIM_TO, leaf.index, root, leaf.cumulative, recipient, nonce, deadline))
        );
    }

    /// @dev What `cumulative` gives an index over what its 64 bits in `word` say was paid; nothing when they are frozen.
    function _due(uint256 word, uint256 shift, uint256 cumulative) private pure returns (uint256) {
        if (cumulative >= FROZEN) revert UnitsTooLarge(cumulative);
        uint256 mine = (word >> shift) & type(uint64).max;
        return mine >= cumulative ? 0 : cumulative - mine; // frozen: mine >= FROZEN > cumulative
    }

    // The loops of a batch are unchecked: nothing in them passes the number of entries, 2^64 units each.
    /// @dev Marks leaves first, first+1, ... as paid; returns what is newly due to each, and the sum.
    function _takeRange(uint256 first, uint256[] calldata entries)
        private
        returns (uint256[] memory due, uint256 sum)
    {
        due = new uint256[](entries.length);
        unchecked {
            for (uint256 i = 0; i < entries.length;) {
                uint256 key = (first + i) >> 2;
                uint256 word = _claimed[key];
                uint256 added;
                // One read and one write for the up to four neighbours that share a slot: 200 gas less a claim.
                uint256 shift = ((first + i) & 3) * 64;
                for (; shift < 256 && i < entries.length; shift += 64) {
                    uint256 units = _due(word, shift, uint64(entries[i]));
                    due[i++] = units;
                    sum += units;
                    added += units << shift;
                }
                if (added != 0) _claimed[key] = word + added;
            }
        }
    }

    function _count(State memory s, uint256 due) private {
        uint256 paid = _paid + due;
        if (paid > s.activeTotal) revert PaidPastTotal(s.activeTotal, paid);
        _paid = uint64(paid);
    }
}
